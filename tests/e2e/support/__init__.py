"""All that the tests use and is no test: gates, stand-ins, attacks, and calls as clients write them."""
