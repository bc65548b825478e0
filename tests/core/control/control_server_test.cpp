#include "core/control/control_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include <cairn/error.hpp>

#include "core/control/ask_control.hpp"
#include "core/control/control_address.hpp"

namespace cairn::core::test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class ControlServerTest : public ::testing::Test {
protected:
    ControlServerTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "cairn-control-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder");
        // Longer than a socket's address may be (unix(7): 108 bytes).
        folder_ = pattern + "/" + std::string(120, 'x');
        std::filesystem::create_directories(folder_);
        root_ = pattern;
    }
    ~ControlServerTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    std::string socket() const { return folder_ + "/" + kControlSocket; }
    /// Writes `text` as it is and reads one line.
    std::string raw(const std::string& text) const {
        const ControlAddress address(folder_);
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::connect(fd, address.get(), ControlAddress::size()), 0);
        std::size_t sent = 0;
        while (sent < text.size()) {
            const ssize_t count = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) break;
            sent += static_cast<std::size_t>(count);
        }
        std::string line;
        char byte = 0;
        while (::recv(fd, &byte, 1, 0) == 1 && byte != '\n') line += byte;
        ::close(fd);
        return line;
    }

    std::string root_;
    std::string folder_;
};

TEST_F(ControlServerTest, AnswersByNameAndIsForItsUserAlone) {
    ControlServer server(folder_);
    server.on("echo", "says it again", [](const Document& request) { return request["what"]; });
    server.start();
    struct stat info {};
    ASSERT_EQ(::stat(socket().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u);
    EXPECT_EQ(ask_control(folder_, {{"request", "echo"}, {"what", "hello"}}, Duration(5000)).text(), "hello");
    EXPECT_EQ(ask_control(folder_, {{"request", "help"}}, Duration(5000))["echo"].text(), "says it again");
}

TEST_F(ControlServerTest, RefusalsAndFaultsComeBackAsWhatTheyAre) {
    ControlServer server(folder_);
    server.on("refuse", "", [](const Document&) -> Document { throw Error(Code::conflict, "not now"); });
    server.on("fail", "", [](const Document&) -> Document { throw std::runtime_error("broken"); });
    server.start();
    try {
        ask_control(folder_, {{"request", "refuse"}}, Duration(5000));
        ADD_FAILURE() << "it was answered";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::conflict);
        EXPECT_STREQ(error.what(), "not now");
    }
    EXPECT_THAT([&] { ask_control(folder_, {{"request", "fail"}}, Duration(5000)); },
                ThrowsMessage<Error>(HasSubstr("broken")));
    EXPECT_THAT([&] { ask_control(folder_, {{"request", "nonsense"}}, Duration(5000)); },
                ThrowsMessage<Error>(HasSubstr("no request \"nonsense\"")));
    EXPECT_THAT(raw("this is no JSON\n"), HasSubstr("\"ok\":false"));
    EXPECT_THAT(raw("[1,2]\n"), HasSubstr("\"ok\":false"));
    EXPECT_THAT(raw(std::string(kMaxControlRequest + 1, 'x')), HasSubstr("too_large"));
    // None of that harmed it.
    EXPECT_THAT([&] { ask_control(folder_, {{"request", "refuse"}}, Duration(5000)); },
                ThrowsMessage<Error>(HasSubstr("not now")));
}

TEST_F(ControlServerTest, SeveralRequestsOnOneConnectionAndSeveralConnections) {
    ControlServer server(folder_);
    std::promise<void> go;
    std::shared_future<void> gone = go.get_future().share();
    server.on("wait", "", [gone](const Document&) {
        gone.wait();
        return Document("done");
    });
    server.on("ping", "", [](const Document&) { return Document("pong"); });
    server.start();
    std::string slow;
    std::thread waiting([&] { slow = ask_control(folder_, {{"request", "wait"}}, Duration(20000)).text(); });
    EXPECT_EQ(ask_control(folder_, {{"request", "ping"}}, Duration(5000)).text(), "pong") << "nobody waits for the other";
    go.set_value();
    waiting.join();
    EXPECT_EQ(slow, "done");
    EXPECT_THAT(raw("{\"request\":\"ping\"}\n{\"request\":\"ping\"}\n"), HasSubstr("pong"));
}

TEST_F(ControlServerTest, ItsEndIsSeenAndAnOldSocketIsNoObstacle) {
    {
        ControlServer server(folder_);
        server.on("ping", "", [](const Document&) { return Document("pong"); });
        server.start();
        const ControlAddress address(folder_);
        const int idle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT_EQ(::connect(idle, address.get(), ControlAddress::size()), 0);
        server.stop();
        char byte = 0;
        EXPECT_LE(::recv(idle, &byte, 1, 0), 0) << "who is connected sees the end, or a reset if he had not been let in yet";
        ::close(idle);
    }
    EXPECT_FALSE(std::filesystem::exists(socket()));
    EXPECT_THAT([&] { ask_control(folder_, {{"request", "ping"}}, Duration(1000)); },
                ThrowsMessage<Error>(HasSubstr("no server runs on " + folder_)));
    // As a crash leaves it: bound, and nobody listens.
    {
        const ControlAddress address(folder_);
        const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT_EQ(::bind(left, address.get(), ControlAddress::size()), 0);
        ::close(left);
    }
    EXPECT_THAT([&] { ask_control(folder_, {{"request", "ping"}}, Duration(1000)); },
                ThrowsMessage<Error>(HasSubstr("no server runs on " + folder_)));
    ControlServer server(folder_);
    server.on("ping", "", [](const Document&) { return Document("pong"); });
    server.start();
    EXPECT_EQ(ask_control(folder_, {{"request", "ping"}}, Duration(5000)).text(), "pong");
}

TEST_F(ControlServerTest, PatienceEnds) {
    ControlServer server(folder_);
    std::promise<void> go;
    server.on("wait", "", [gone = go.get_future().share()](const Document&) {
        gone.wait();
        return Document();
    });
    server.start();
    EXPECT_THAT([&] { ask_control(folder_, {{"request", "wait"}}, Duration(50)); },
                ThrowsMessage<Error>(HasSubstr("did not answer within")));
    go.set_value();
}

}  // namespace
}  // namespace cairn::core::test
