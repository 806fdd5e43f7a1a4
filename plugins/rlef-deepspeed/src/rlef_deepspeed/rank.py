"""The body of one rank: what every rank does for each of the optimizer's methods, however the ranks were started."""
