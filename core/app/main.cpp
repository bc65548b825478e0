#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "core/app/command.hpp"

int main(int argc, char** argv) {
    const bool plain = std::getenv("NO_COLOR") != nullptr;
    cairn::core::Terminal terminal{std::cout, std::cerr, !plain && ::isatty(STDOUT_FILENO) == 1,
                                   !plain && ::isatty(STDERR_FILENO) == 1};
    return cairn::core::run_command_line({argv + 1, argv + argc}, terminal);
}
