#include "tests/support/postgres_cluster.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>

extern "C" char** environ;  // NOLINT: POSIX wants the program to declare it

namespace cairn::test {
namespace {

namespace fs = std::filesystem;

constexpr auto kStartPatience = std::chrono::seconds(30);
constexpr auto kLook = std::chrono::milliseconds(20);

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what);
}

std::string find_programs() {
    std::string best;
    int newest = 0;
    std::error_code error;
    for (fs::directory_iterator at("/usr/lib/postgresql", error), end; !error && at != end; at.increment(error)) {
        const int version = std::atoi(at->path().filename().c_str());
        if (version > newest && fs::exists(at->path() / "bin" / "initdb")) {
            newest = version;
            best = (at->path() / "bin").string();
        }
    }
    if (best.empty()) {
        fail("PostgreSQL is not installed, and this test needs it: run packaging/install_dependencies.sh test "
             "(or, as root, apt-get install postgresql-15)");
    }
    return best;
}

int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    const bool good = ::bind(socket, generic, size) == 0 && ::getsockname(socket, generic, &size) == 0;
    ::close(socket);
    if (!good) fail("no free port on 127.0.0.1");
    return ntohs(address.sin_port);
}

/// Starts a program with `input` as its stdin and `output` (a file) for the rest.
pid_t spawn(const std::vector<std::string>& words, const std::string& output, int input = -1) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (input >= 0) posix_spawn_file_actions_adddup2(&actions, input, 0);
    else posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // Poco blocks signals in its threads, and children inherit that.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    pid_t pid = 0;
    const int code = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (code != 0) fail("cannot run " + words.front() + ": " + std::generic_category().message(code));
    return pid;
}

int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

PostgresCluster::PostgresCluster(const std::vector<std::string>& settings) : programs_(find_programs()) {
    std::string pattern = (fs::temp_directory_path() / "cairn-pg-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) fail("cannot make a folder like " + pattern);
    folder_ = pattern;
    if (::geteuid() == 0) {
        const passwd* user = ::getpwnam("postgres");
        if (user == nullptr) user = ::getpwnam("nobody");
        if (user == nullptr || ::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
            fail("no user to run PostgreSQL as (it refuses root): add the user postgres");
        }
        as_user_ = {"setpriv", "--reuid=" + std::to_string(user->pw_uid), "--regid=" + std::to_string(user->pw_gid),
                    "--clear-groups"};
    }
    std::vector<std::string> words = as_user_;
    for (const char* word : {"initdb", "-D", "data", "-U", kUser, "--auth=trust", "--encoding=UTF8",
                             "--locale=C.UTF-8", "--data-checksums", "--no-sync", "--no-instructions"}) {
        words.emplace_back(word);
    }
    words[as_user_.size()] = programs_ + "/initdb";
    words[as_user_.size() + 2] = data_folder();
    const std::string made = folder_ + ".initdb.log";
    const int code = wait_for(spawn(words, made));
    const std::string said = read_file(made);
    fs::remove(made);
    if (code != 0) {
        fs::remove_all(folder_);
        fail("initdb failed: " + said);
    }
    {
        std::ofstream conf(data_folder() + "/postgresql.conf", std::ios::app);
        conf << "listen_addresses = '127.0.0.1'\nunix_socket_directories = '" << folder_
             << "'\nshared_buffers = 64MB\nmax_connections = 100\nfsync = on\nfull_page_writes = on\n"
                "synchronous_commit = on\nlog_min_messages = warning\n";
        for (const std::string& line : settings) conf << line << "\n";
    }
    start();
    // A killed test cannot clean up, so somebody else waits for its end.
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail("no pipe");
    keeper_ = spawn({"sh", "-c",
                     "cat >/dev/null; pid=$(head -n1 \"$1/data/postmaster.pid\" 2>/dev/null) && kill -QUIT \"$pid\" "
                     "2>/dev/null && sleep 1; rm -rf \"$1\"",
                     "keeper", folder_},
                    "/dev/null", ends[0]);
    ::close(ends[0]);
    keeper_end_ = ends[1];
}

PostgresCluster::~PostgresCluster() {
    if (running()) {
        signal_all(SIGCONT);
        stop(Stop::immediate);
    }
    if (keeper_end_ >= 0) {
        ::close(keeper_end_);
        wait_for(keeper_);
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

PostgresCluster& PostgresCluster::shared() {
    static PostgresCluster cluster;
    return cluster;
}

void PostgresCluster::start() {
    if (running()) return;
    const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
    // After kill() the old processes may hold the shared memory for a moment; and a port may be taken by another.
    while (std::chrono::steady_clock::now() < deadline) {
        if (port_ == 0) port_ = free_port();
        std::vector<std::string> words = as_user_;
        for (const std::string& word :
             {programs_ + "/postgres", std::string("-D"), data_folder(), std::string("-p"), std::to_string(port_)}) {
            words.push_back(word);
        }
        pid_ = spawn(words, folder_ + "/server.log");
        if (wait_until_ready()) return;
        if (::kill(pid_, 0) == 0) ::kill(pid_, SIGQUIT);
        wait_for(pid_);
        pid_ = 0;
        if (log().find("Address already in use") != std::string::npos) port_ = 0;
        std::this_thread::sleep_for(kLook);
    }
    fail("PostgreSQL does not start: " + log());
}

bool PostgresCluster::wait_until_ready() const {
    const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
    const std::string target = "host=" + folder_ + " port=" + std::to_string(port_) + " dbname=postgres connect_timeout=5";
    while (std::chrono::steady_clock::now() < deadline) {
        if (PQping(target.c_str()) == PQPING_OK) return true;
        siginfo_t info{};
        if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_) {
            return false;
        }
        std::this_thread::sleep_for(kLook);
    }
    return false;
}

void PostgresCluster::stop(Stop how) {
    if (!running()) return;
    ::kill(pid_, how == Stop::smart ? SIGTERM : how == Stop::fast ? SIGINT : SIGQUIT);
    wait_for(pid_);
    pid_ = 0;
}

void PostgresCluster::kill() {
    if (!running()) return;
    signal_all(SIGKILL);
    wait_for(pid_);
    pid_ = 0;
}

void PostgresCluster::pause() {
    signal_all(SIGSTOP);
}

void PostgresCluster::resume() {
    signal_all(SIGCONT);
}

std::vector<pid_t> PostgresCluster::processes() const {
    std::vector<pid_t> found{pid_};
    std::error_code error;
    for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
        const pid_t pid = std::atoi(at->path().filename().c_str());
        if (pid <= 0) continue;
        // "pid (name) state parent …"; the name may hold spaces.
        const std::string stat = read_file((at->path() / "stat").string());
        const std::size_t after = stat.rfind(')');
        if (after != std::string::npos && after + 4 < stat.size() && std::atoi(stat.c_str() + after + 4) == pid_) {
            found.push_back(pid);
        }
    }
    return found;
}

void PostgresCluster::signal_all(int signal) const {
    if (!running()) return;
    for (const pid_t pid : processes()) ::kill(pid, signal);
}

std::string PostgresCluster::url(const std::string& database, const std::string& parameters) const {
    return "postgres://" + std::string(kUser) + "@127.0.0.1:" + std::to_string(port_) + "/" + database +
           (parameters.empty() ? "" : "?" + parameters);
}

std::string PostgresCluster::socket_url(const std::string& database) const {
    std::string host;
    for (const char c : folder_) host += c == '/' ? std::string("%2F") : std::string(1, c);
    return "postgres://" + std::string(kUser) + "@" + host + ":" + std::to_string(port_) + "/" + database;
}

std::string PostgresCluster::make_database(const std::string& prefix) {
    const std::string name = prefix + "_" + std::to_string(::getpid()) + "_" + std::to_string(++databases_);
    run("postgres", "CREATE DATABASE " + name);
    return url(name);
}

std::string PostgresCluster::run(const std::string& database, const std::string& sql) const {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(url(database).c_str()), PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK) fail(PQerrorMessage(connection.get()));
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        fail(std::string(PQresultErrorMessage(result.get())) + " in " + sql);
    }
    std::string rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        if (row > 0) rows += '\n';
        for (int column = 0; column < PQnfields(result.get()); ++column) {
            if (column > 0) rows += '|';
            rows += PQgetvalue(result.get(), row, column);
        }
    }
    return rows;
}

std::string PostgresCluster::log() const {
    return read_file(folder_ + "/server.log");
}

}  // namespace cairn::test
