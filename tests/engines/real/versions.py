"""Which engines the tests run; Redis is the one of the distribution."""

CASSANDRA = "5.0.8"
PULSAR = "4.0.7"
DEPENDENCY_PLUGIN = "3.6.1"  # of Maven; it copies the jars
