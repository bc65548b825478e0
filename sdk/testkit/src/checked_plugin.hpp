#pragma once

#include <functional>
#include <memory>
#include <string>

#include <cairn/plugin.hpp>

#include "sdk/testkit/src/checked_runtime.hpp"
#include "sdk/testkit/src/checked_setup.hpp"
#include "sdk/testkit/src/control_thread.hpp"
#include "sdk/testkit/src/ledger.hpp"

namespace cairn::testkit {

/// A plugin in checked surroundings: what it gets is checked, what it leaves behind is noted.
class CheckedPlugin final : public Plugin {
public:
    /// `settle` lets everything happen that is due: what a plugin ended in stop() may need that to be over.
    CheckedPlugin(Ledger& ledger, std::string name, std::unique_ptr<Plugin> inner, ManualLoops& loops,
                  ControlThread& control, std::function<void()> settle);
    ~CheckedPlugin() override;

    void setup(Setup& setup) override;
    void start(Runtime& runtime) override;
    void ready(Runtime& runtime) override;
    void drain() override;
    void stop() override;

    Plugin& inner() const noexcept { return *inner_; }

private:
    template <class F>
    void control(const char* phase, F&& f) {
        const Place place{Place::Kind::control, nullptr, name_, {}, phase};
        const Inside waits(ledger_, place);
        control_.run([&] {
            const Inside inside(ledger_, place);
            f();
        });
    }

    Ledger& ledger_;
    const std::string name_;
    std::unique_ptr<Plugin> inner_;
    ManualLoops& loops_;
    ControlThread& control_;
    const std::function<void()> settle_;
    std::unique_ptr<CheckedSetup> setup_;
    std::unique_ptr<CheckedRuntime> runtime_;
};

}  // namespace cairn::testkit
