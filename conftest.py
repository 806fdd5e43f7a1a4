"""Let every Hypothesis test of the repository take its time: machines that run them are busy, and no example is about speed."""

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
