"""The lab: real pods, clients and balancers on loopback, a rolling deploy, and what came out of it as a case."""
