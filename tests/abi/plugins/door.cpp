// A transport and an identity of its own, built with the frozen headers of a minor: what gateways use of the SDK. Once
// the host serves, it watches a pipe on a loop, opens a session for somebody who is not there, says hello for him, and
// announces in the log what he was answered.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include <cairn/plugin.hpp>
#include <cairn/services/identity.hpp>

namespace door {

using namespace cairn;

class Door final : public Plugin, public services::Identity, public Connection, public IoHandler {
    void setup(Setup& setup) override { setup.provide<services::Identity>(*this); }

    void admit(const services::Claim& claim, Then<services::Admission> then) override {
        services::Admission admission;
        admission.id = new_id();
        admission.name = claim.name.empty() ? "Nobody" : claim.name;
        admission.roles = {"admin"};
        admission.resume = "resume-" + admission.id;
        then(admission);
    }

    void ready(Runtime& runtime) override {
        runtime_ = &runtime;
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) throw Error(Code::unavailable, "no pipe");
        read_ = ends[0];
        write_ = ends[1];
        loop_ = &runtime.loops().at(0);
        loop_->post([this] {
            loop_->watch(read_, *this);
            const char byte = 'x';
            if (::write(write_, &byte, 1) != 1) runtime_->log().error("the pipe is full");
        });
    }

    void on_io(bool readable, bool, bool) override {
        char byte = 0;
        while (readable && ::read(read_, &byte, 1) == 1) open_soon();
    }

    void open_soon() {
        loop_->cancel(loop_->after(Duration(3600000), [] {}));
        loop_->after(Duration(20), [this] { open(); });
    }

    void open() {
        try {
            session_ = runtime_->sessions().open(*loop_, *this, {"192.0.2.1", "door", "cairn.v1+json", false});
        } catch (const Error& error) {
            if (error.code() != Code::not_ready) throw;
            return open_soon();  // the host serves in a moment
        }
        session_->receive(R"({"t":"hello","id":1,"d":{"name":"Anna","space":"calm"}})");
    }

    void wake() override {
        loop_->at_turn_end([this] { write_out(); });
    }

    void write_out() {
        if (!session_) return;
        std::array<std::string_view, 8> parts{};
        while (const std::size_t filled = session_->gather(parts)) {
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < filled; ++i) {
                heard_.append(parts[i]);
                bytes += parts[i].size();
            }
            session_->written(bytes);
        }
        if (told_ || heard_.find("\"welcome\"") == std::string::npos) return;
        told_ = true;
        session_->control(Frame::make("still there", Frame::Opcode::ping));
        const Frame kept = Frame::raw(std::string_view("raw"));
        runtime_->log().info("door opened", {{"on_loop", loop_->on_loop()},
                                             {"backlog", session_->backlog() > 0},
                                             {"current", runtime_->loops().current() == loop_},
                                             {"frame", kept.size()},
                                             {"anna", heard_.find("Anna") != std::string::npos}});
        session_->end(close_code::kNormal, "bye");
    }

    void close(std::uint16_t code, std::string_view reason) override {
        loop_->at_turn_end([this, code, text = std::string(reason)] {
            write_out();
            session_.reset();
            runtime_->log().info("door closed", {{"code", code}, {"reason", text}});
        });
    }

    void stop() override {
        std::atomic<bool> done{false};
        loop_->post([this, &done] {
            session_.reset();
            loop_->unwatch(read_);
            done = true;
            done.notify_one();
        });
        done.wait(false);
        ::close(read_);
        ::close(write_);
    }

    std::string new_id() { return "00000000-0000-4000-8000-00000000000" + std::to_string(++ids_ % 10); }

    Runtime* runtime_ = nullptr;
    Loop* loop_ = nullptr;
    std::unique_ptr<Session> session_;
    std::string heard_;
    std::atomic<int> ids_{0};
    int read_ = -1;
    int write_ = -1;
    bool told_ = false;
};

}  // namespace door

CAIRN_PLUGIN(door::Door, ABI_NAME, "1.0.0")
