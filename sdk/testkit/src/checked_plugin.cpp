#include "sdk/testkit/src/checked_plugin.hpp"

#include <utility>

namespace cairn::testkit {

CheckedPlugin::CheckedPlugin(Ledger& ledger, std::string name, std::unique_ptr<Plugin> inner, ManualLoops& loops,
                             ControlThread& control, std::function<void()> settle)
    : ledger_(ledger),
      name_(std::move(name)),
      inner_(std::move(inner)),
      loops_(loops),
      control_(control),
      settle_(std::move(settle)) {}

CheckedPlugin::~CheckedPlugin() {
    const Inside inside(ledger_, {Place::Kind::control, nullptr, name_, {}, "destructor"});
    inner_.reset();
}

void CheckedPlugin::setup(Setup& setup) {
    setup_ = std::make_unique<CheckedSetup>(ledger_, name_, setup);
    // What it throws is told as a problem of the start.
    const Inside inside(ledger_, {Place::Kind::setup, nullptr, name_, {}, "setup"});
    inner_->setup(*setup_);
}

void CheckedPlugin::start(Runtime& runtime) {
    runtime_ = std::make_unique<CheckedRuntime>(ledger_, name_, runtime, loops_);
    control("start", [&] { inner_->start(*runtime_); });
}

void CheckedPlugin::ready(Runtime&) {
    control("ready", [&] { inner_->ready(*runtime_); });
}

void CheckedPlugin::drain() {
    try {
        control("drain", [&] { inner_->drain(); });
    } catch (const std::exception& error) {
        ledger_.fault({name_, {}, "drain", error.what()});
        throw;
    }
}

void CheckedPlugin::stop() {
    settle_();
    try {
        control("stop", [&] { inner_->stop(); });
    } catch (const std::exception& error) {
        // The host goes on without telling anybody but the log.
        ledger_.fault({name_, {}, "stop", error.what()});
        throw;
    }
    settle_();
    const auto count = [](std::size_t n, const char* what) {
        return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
    };
    if (const std::size_t timers = runtime_->timers(); timers > 0) {
        ledger_.leak("plugin " + name_ + " left " + count(timers, "timer") +
                     " of Loop::after behind at stop; post a job to the loop in stop that cancels it");
    }
    if (const std::size_t watches = runtime_->watches(); watches > 0) {
        ledger_.leak("plugin " + name_ + " left " + count(watches, "watched descriptor") +
                     " behind at stop; call Loop::unwatch in a job that stop posts");
    }
}

}  // namespace cairn::testkit
