#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cairn::test {

/// A folder below the system's temporary folder that goes away with the object.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const noexcept { return path_; }
    /// Writes a file below the folder and returns its path.
    std::string write(const std::string& name, const std::string& text) const;

private:
    std::filesystem::path path_;
};

/// How a process ended and what it said.
struct Finished {
    int exit_code = -1;  ///< 128 + signal when a signal ended it, as a shell says it
    std::string output;  ///< standard output and standard error, in the order they were written
};

/// Runs the real binary to its end (at most `within`, then it is killed and the exit code is 137).
Finished run_cairn(const std::vector<std::string>& arguments, std::chrono::seconds within = std::chrono::seconds(30));

/// The real binary as a server of its own process, on a free port of the loopback interface.
class ServerProcess {
public:
    /// `arguments` follow `cairn run`; `--set plugins.gateway.listen=127.0.0.1:<port>` is added, with a port that the
    /// first start picks and later starts keep.
    explicit ServerProcess(std::vector<std::string> arguments);
    ~ServerProcess();  ///< kill -9 when it still runs
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    /// Starts and waits until GET /readyz answers 200. Throws std::runtime_error with the output when it ends instead.
    void start(std::chrono::seconds within = std::chrono::seconds(30));
    /// Starts without waiting.
    void launch();
    void signal(int number);
    void kill_hard();  ///< kill -9 and reap
    /// SIGTERM and wait. Returns the exit code.
    int stop(std::chrono::seconds within = std::chrono::seconds(30));
    /// Waits for the end. Returns the exit code, or -1 when it still runs after `within`.
    int wait(std::chrono::seconds within);
    bool running();
    pid_t pid() const noexcept { return pid_; }
    std::uint16_t port() const noexcept { return port_; }
    /// Everything written so far, over all starts.
    std::string output() const;
    /// Waits until the output contains `text`; false after `within`.
    bool wait_for_output(const std::string& text, std::chrono::seconds within = std::chrono::seconds(20)) const;

private:
    std::vector<std::string> arguments_;
    TemporaryFolder folder_;
    std::string log_;
    pid_t pid_ = -1;
    std::uint16_t port_ = 0;
};

/// A port of 127.0.0.1 that nobody listens on right now.
std::uint16_t free_port();

/// GET http://127.0.0.1:port/path. Returns status and body; status 0 when there was no answer.
struct HttpAnswer {
    int status = 0;
    std::string body;
};
HttpAnswer http_get(std::uint16_t port, const std::string& path);

}  // namespace cairn::test
