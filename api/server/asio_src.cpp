// Asio and Beast, compiled once for the whole program.
#include <utility> // Asio 1.74 uses std::exchange without it.

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
