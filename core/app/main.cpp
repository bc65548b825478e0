#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/app/command.hpp"

int main(int argc, char** argv) {
    const bool plain = std::getenv("NO_COLOR") != nullptr;
    cairn::core::Terminal terminal{std::cout, std::cerr, !plain && ::isatty(STDOUT_FILENO) == 1,
                                   !plain && ::isatty(STDERR_FILENO) == 1};
    const int code = cairn::core::run_command_line({argv + 1, argv + argc}, terminal);
    // Whoever writes an answer into a file on a full disk must not take the half of it for the whole. What a server
    // prints is no answer.
    const bool answers = argc > 1 && std::string_view(argv[1]) != "run";
    if (!std::cout.flush() && answers && code == cairn::core::exit_code::kOk) {
        std::cerr << "cairn: standard output could not be written to its end; the answer there is not whole\n";
        return cairn::core::exit_code::kProblems;
    }
    return code;
}
