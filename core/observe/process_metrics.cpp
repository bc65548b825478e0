#include "core/observe/process_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace cairn::core {

namespace {

prometheus::MetricFamily figure(std::string name, std::string help, prometheus::MetricType type, double value) {
    prometheus::MetricFamily family;
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    family.metric.emplace_back();
    family.metric.back().gauge.value = value;
    family.metric.back().counter.value = value;
    return family;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_descriptors() {
    std::error_code failed;
    double count = -1;  // the one that reads the folder
    for (std::filesystem::directory_iterator at("/proc/self/fd", failed), end; !failed && at != end;
         at.increment(failed))
        ++count;
    return std::max(count, 0.0);
}

double thread_count() {
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line))
        if (line.rfind("Threads:", 0) == 0) return std::strtod(line.c_str() + 8, nullptr);
    return 0;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::collect() const {
    using prometheus::MetricType;
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    double virtual_pages = 0;
    double resident_pages = 0;
    std::ifstream("/proc/self/statm") >> virtual_pages >> resident_pages;
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    const std::chrono::duration<double> up = std::chrono::steady_clock::now() - begun_;
    const std::chrono::duration<double> begun = begun_wall_.time_since_epoch();
    return {
        figure("process_cpu_seconds_total", "User and system CPU time in seconds.", MetricType::Counter, cpu_seconds()),
        figure("process_resident_memory_bytes", "Memory in use, in bytes.", MetricType::Gauge, resident_pages * page),
        figure("process_virtual_memory_bytes", "Address space in use, in bytes.", MetricType::Gauge,
               virtual_pages * page),
        figure("process_open_fds", "Open file descriptors.", MetricType::Gauge, open_descriptors()),
        figure("process_max_fds", "How many file descriptors may be open.", MetricType::Gauge,
               static_cast<double>(descriptors.rlim_cur)),
        figure("process_threads", "Threads.", MetricType::Gauge, thread_count()),
        figure("process_start_time_seconds", "When the process started, in seconds since 1970.", MetricType::Gauge,
               begun.count()),
        figure("cairn_core_uptime_seconds", "For how long the server has been up.", MetricType::Gauge, up.count()),
    };
}

}  // namespace cairn::core
