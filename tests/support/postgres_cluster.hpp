#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace cairn::test {

/// A throwaway PostgreSQL server: initdb in a temporary folder, a free port on 127.0.0.1 and a socket in the folder,
/// fsync on, run as an unprivileged user when the test runs as root. Everyone on this machine may log in without a
/// password. It ends and its folder goes with this object, also when the test process is killed.
///
/// Throws std::runtime_error when PostgreSQL is missing (with how to install it) or does not start (with its log).
class PostgresCluster {
public:
    enum class Stop : unsigned char {
        smart,      ///< waits for the clients
        fast,       ///< ends the clients
        immediate,  ///< like a crash: recovers from its log at the next start
    };
    /// `settings`: lines of postgresql.conf, for example "fsync = off". Running when it returns.
    explicit PostgresCluster(const std::vector<std::string>& settings = {});
    ~PostgresCluster();
    PostgresCluster(const PostgresCluster&) = delete;
    PostgresCluster& operator=(const PostgresCluster&) = delete;

    /// One for the whole process, started at its first use. Tests that stop or harm it make their own.
    static PostgresCluster& shared();

    void start();
    void stop(Stop how = Stop::fast);
    /// kill -9 of the server and of every process of it.
    void kill();
    /// SIGSTOP to the server and to every process of it; connections stay open and nothing answers.
    void pause();
    void resume();
    bool running() const noexcept { return pid_ > 0; }

    /// Makes an empty database with a name of its own and returns its URL (TCP on loopback, TLS off).
    std::string make_database(const std::string& prefix = "cairn");
    std::string url(const std::string& database, const std::string& parameters = "sslmode=disable") const;
    /// The same by way of the unix socket.
    std::string socket_url(const std::string& database) const;
    /// Runs statements as superuser; returns the rows of the last one: values joined by '|', rows by line ends.
    std::string run(const std::string& database, const std::string& sql) const;

    int port() const noexcept { return port_; }
    const std::string& folder() const noexcept { return folder_; }
    std::string data_folder() const { return folder_ + "/data"; }
    /// Where initdb, postgres, pg_dump and the others are.
    const std::string& programs() const noexcept { return programs_; }
    std::string log() const;
    static constexpr const char* kUser = "postgres";

private:
    std::vector<pid_t> processes() const;
    void signal_all(int signal) const;
    bool wait_until_ready() const;

    std::string programs_;
    std::string folder_;
    std::vector<std::string> as_user_;  ///< the words before a command that must not run as root
    int port_ = 0;
    pid_t pid_ = 0;
    pid_t keeper_ = 0;    ///< cleans up when this process is gone
    int keeper_end_ = -1; ///< the keeper waits for its end
    int databases_ = 0;
};

}  // namespace cairn::test
