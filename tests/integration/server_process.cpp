#include "tests/integration/server_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>

namespace cairn::test {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPause = std::chrono::milliseconds(10);

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

pid_t spawn(const std::vector<std::string>& arguments, const std::string& log) {
    std::vector<std::string> words{CAIRN_BINARY};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child == 0) {
        const int out = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
        const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::dup2(in, 0);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    return child;
}

int exit_code_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cairn-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& text) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
}

Finished run_cairn(const std::vector<std::string>& arguments, std::chrono::seconds within) {
    TemporaryFolder folder;
    const std::string log = (folder.path() / "output").string();
    const pid_t child = spawn(arguments, log);
    const auto deadline = Clock::now() + within;
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        if (Clock::now() > deadline) {
            ::kill(child, SIGKILL);
            ::waitpid(child, &status, 0);
            break;
        }
        std::this_thread::sleep_for(kPause);
    }
    return {exit_code_of(status), read_file(log)};
}

ServerProcess::ServerProcess(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), log_((folder_.path() / "output").string()) {}

ServerProcess::~ServerProcess() { kill_hard(); }

void ServerProcess::launch() {
    if (port_ == 0) port_ = free_port();
    std::vector<std::string> words{"run"};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    words.push_back("--set");
    words.push_back("plugins.gateway.listen=127.0.0.1:" + std::to_string(port_));
    pid_ = spawn(words, log_);
}

void ServerProcess::start(std::chrono::seconds within) {
    launch();
    const auto deadline = Clock::now() + within;
    while (http_get(port_, "/readyz").status != 200) {
        if (!running()) throw std::runtime_error("the server ended instead of starting:\n" + output());
        if (Clock::now() > deadline) throw std::runtime_error("the server is not ready in time:\n" + output());
        std::this_thread::sleep_for(kPause);
    }
}

void ServerProcess::signal(int number) {
    if (pid_ > 0) ::kill(pid_, number);
}

void ServerProcess::kill_hard() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

int ServerProcess::stop(std::chrono::seconds within) {
    signal(SIGTERM);
    return wait(within);
}

int ServerProcess::wait(std::chrono::seconds within) {
    const auto deadline = Clock::now() + within;
    while (pid_ > 0) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            return exit_code_of(status);
        }
        if (Clock::now() > deadline) break;
        std::this_thread::sleep_for(kPause);
    }
    return -1;
}

bool ServerProcess::running() {
    // WNOWAIT: a server that has ended is still there to be reaped by wait().
    siginfo_t info{};
    return pid_ > 0 && ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

std::string ServerProcess::output() const { return read_file(log_); }

bool ServerProcess::wait_for_output(const std::string& text, std::chrono::seconds within) const {
    const auto deadline = Clock::now() + within;
    while (output().find(text) == std::string::npos) {
        if (Clock::now() > deadline) return false;
        std::this_thread::sleep_for(kPause);
    }
    return true;
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool ok = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (fd >= 0) ::close(fd);
    if (!ok) throw std::runtime_error("no free port on 127.0.0.1");
    return ntohs(address.sin_port);
}

HttpAnswer http_get(std::uint16_t port, const std::string& path) {
    try {
        Poco::Net::HTTPClientSession session("127.0.0.1", port);
        session.setTimeout(Poco::Timespan(5, 0));
        Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_GET, path, Poco::Net::HTTPMessage::HTTP_1_1);
        session.sendRequest(request);
        Poco::Net::HTTPResponse response;
        std::ostringstream body;
        Poco::StreamCopier::copyStream(session.receiveResponse(response), body);
        return {static_cast<int>(response.getStatus()), body.str()};
    } catch (const Poco::Exception&) {
        return {};
    }
}

}  // namespace cairn::test
