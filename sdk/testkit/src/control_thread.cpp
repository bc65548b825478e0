#include "sdk/testkit/src/control_thread.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <thread>

namespace cairn::testkit {

void ControlThread::run(const std::function<void()>& phase) {
    std::mutex mutex;
    std::condition_variable ended;
    bool over = false;
    std::exception_ptr failed;
    std::thread thread([&] {
        std::exception_ptr thrown;
        try {
            phase();
        } catch (...) {
            thrown = std::current_exception();
        }
        const std::lock_guard lock(mutex);
        failed = thrown;
        over = true;
        ended.notify_all();
    });
    {
        std::unique_lock lock(mutex);
        while (!ended.wait_for(lock, std::chrono::microseconds(500), [&] { return over; })) {
            lock.unlock();
            {
                const std::lock_guard baton(baton_);
                for (int steps = 0; steps < 1000 && turn_(); ++steps) {
                }
            }
            lock.lock();
        }
    }
    thread.join();
    {
        // However quick the phase was: what it asked for is done. What never ends is told by whoever settles.
        const std::lock_guard baton(baton_);
        for (int steps = 0; steps < 10'000 && turn_(); ++steps) {
        }
    }
    if (failed) std::rethrow_exception(failed);
}

}  // namespace cairn::testkit
