#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/export.hpp>

namespace cairn {

/// What an asynchronous call ended with: a value or an Error.
template <class T>
class Result {
public:
    Result(T value) : value_(std::move(value)) {}
    Result(Error error) : error_(std::make_shared<const Error>(std::move(error))) {}

    bool ok() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return ok(); }
    /// REQUIRES: ok(). Throws the error otherwise.
    T& value() {
        if (!value_) throw Error(*error_);
        return *value_;
    }
    const T& value() const {
        if (!value_) throw Error(*error_);
        return *value_;
    }
    /// REQUIRES: !ok().
    const Error& error() const noexcept { return *error_; }

private:
    std::optional<T> value_;
    std::shared_ptr<const Error> error_;
};

struct Done {};

/// What waits for a result. Called once, on the strand that asked; dropped unheard when that space has closed.
template <class T>
using Then = std::function<void(Result<T>)>;

/// A running piece of background work. Dropping the handle does not cancel it. [any]
class CAIRN_API Task {
public:
    Task();
    /// Asks the work to stop; the work sees it through its Cancel. The completion is not called any more. [any]
    void cancel() noexcept;
    bool cancelled() const noexcept;

    struct State;
    explicit Task(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
    const std::shared_ptr<State>& state() const noexcept { return state_; }

private:
    std::shared_ptr<State> state_;
};

/// The lanes a piece of work may run in. Lanes may block; loops may not.
enum class Lane : unsigned char { general, files, cache, storage };

/// Runs blocking work off the loops. Full lanes refuse with Error(unavailable) delivered to `then`.
class CAIRN_API Background {
public:
    virtual ~Background();
    /// Runs `work` in `lane` and then `done` on the caller's strand (or in the lane when the caller has none). [any]
    virtual Task run(Lane lane, std::string what, std::function<void(const Task&)> work,
                     std::function<void(std::exception_ptr)> done) = 0;

    template <class T>
    Task compute(Lane lane, std::string what, std::function<T(const Task&)> work, Then<T> then) {
        auto slot = std::make_shared<std::optional<T>>();
        return run(
            lane, std::move(what), [slot, work = std::move(work)](const Task& task) { slot->emplace(work(task)); },
            [slot, then = std::move(then)](std::exception_ptr failed) {
                if (!failed) return then(Result<T>(std::move(**slot)));
                try {
                    std::rethrow_exception(failed);
                } catch (const Error& error) {
                    then(Result<T>(error));
                } catch (const std::exception& error) {
                    then(Result<T>(Error(Code::internal, error.what())));
                }
            });
    }
};

}  // namespace cairn
