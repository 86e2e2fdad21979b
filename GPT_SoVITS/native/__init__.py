"""C++ operators, how they are built, and how the best one for this machine is chosen."""
