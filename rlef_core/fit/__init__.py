"""Tell from a spec, before anything is loaded, how much memory each device will hold, and what to change where it does not fit."""
