// cairn-check: is this plugin fit to be let into a host? One line per judgement, with the cure.
#include <iostream>
#include <string>
#include <vector>

#include "sdk/check/check_command.hpp"

int main(int argc, char** argv) {
    return cairn::check::run_check({argv + 1, argv + argc}, std::cout, std::cerr);
}
