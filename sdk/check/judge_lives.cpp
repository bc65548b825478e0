#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>

#include "sdk/check/findings.hpp"
#include "sdk/check/judges.hpp"

namespace cairn::check {
namespace {

std::size_t entries(const char* folder) {
    std::error_code error;
    const std::filesystem::directory_iterator begin(folder, error);
    return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

}  // namespace

std::vector<Judgement> judge_lives(const CheckOptions& options, const Plan& plan, const At& at) {
    std::vector<Judgement> all;
    Findings findings;
    double longest_ms = 0;
    std::size_t threads = 0, descriptors = 0;
    int lives = 0;
    for (; lives < options.starts && !findings.any(); ++lives) {
        const std::string number = std::to_string(lives + 1);
        at("starting it the " + number + ". time");
        try {
            testkit::Host host(plan.options(options));
            try {
                host.start(plan.yaml());
                host.advance(Duration(1000));
                at("stopping it the " + number + ". time");
                const auto begun = std::chrono::steady_clock::now();
                for (const std::string& leak : host.leaks()) findings.note(leak);
                const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
                longest_ms = std::max(longest_ms, took.count());
            } catch (const testkit::Failure& failure) {
                findings.note(failure.what());
            }
            findings.look(host);
        } catch (const testkit::Failure& failure) {
            findings.note(failure.what());
        }
        // The first lives may make what stays for good: a cache, a library's own thread.
        if (lives == 2) {
            threads = entries("/proc/self/task");
            descriptors = entries("/proc/self/fd");
        }
    }
    const std::string times = std::to_string(lives) + (lives == 1 ? " start and stop" : " starts and stops");
    if (!findings.any() && lives > 3) {
        if (const std::size_t now = entries("/proc/self/task"); now > threads)
            findings.note("there were " + std::to_string(threads) + " threads after the third stop and " +
                          std::to_string(now) + " after the last");
        if (const std::size_t now = entries("/proc/self/fd"); now > descriptors)
            findings.note("there were " + std::to_string(descriptors) + " open descriptors after the third stop and " +
                          std::to_string(now) + " after the last");
    }
    if (findings.any())
        all.push_back(bad("lives", findings.text(), "End in stop what start began; the guide's page on testing shows how."));
    else
        all.push_back(good("lives", times + ", nothing stayed behind"));
    const std::string slow = std::to_string(static_cast<long>(longest_ms)) + " ms";
    if (longest_ms > static_cast<double>(options.stop.count()))
        all.push_back(bad("stop", "the longest stop took " + slow + "; " + std::to_string(options.stop.count()) + " ms are allowed",
                          "Cancel in stop what is going on instead of waiting for it."));
    else
        all.push_back(good("stop", "the longest stop took " + slow));
    return all;
}

}  // namespace cairn::check
