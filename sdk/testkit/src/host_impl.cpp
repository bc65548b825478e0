#include "sdk/testkit/src/host_impl.hpp"

#include <exception>
#include <filesystem>

#include "core/observe/log_sink.hpp"

namespace cairn::testkit {
namespace {

constexpr std::size_t kRestless = 1'000'000;  // steps without time passing

}  // namespace

std::unique_ptr<Store> make_store(Host::Impl& impl);

Host::Impl::Impl(Options given)
    : options(std::move(given)), ledger(options.blocks), store(make_store(*this)), exceptions(std::uncaught_exceptions()) {
    if (options.seed) random.emplace(*options.seed);
    core::LogSink::instance().listen(
        [this](LogLevel level, std::string_view origin, std::string_view message, const Document& details) {
            log.push_back({level, std::string(origin), std::string(message), details});
        });
}

Host::Impl::~Impl() {
    for (const auto& player : players) {
        player->drop();
        player->host = nullptr;
    }
    life.reset();
    core::LogSink::instance().listen({});
}

void Host::Impl::need_running() {
    if (!life) start({});
}

void Host::Impl::start(std::string_view text) {
    if (life) throw Failure("the host of this test has been started already: restart() begins anew");
    yaml = text;
    objects.clear();
    auto made = std::make_unique<Life>(*this, yaml);
    life = std::move(made);
    try {
        life->start();
    } catch (...) {
        stop();
        throw;
    }
    settle();
}

void Host::Impl::stop() {
    if (!life) return;
    life->stop();
    for (const auto& player : players) player->drop();
    life.reset();
}

std::string Host::Impl::share_dir() {
    const std::string share = share_folder(options);
    if (options.sql_dirs.empty()) return share;
    namespace fs = std::filesystem;
    const fs::path made = fs::path(folder.path()) / "share";
    std::error_code error;
    fs::create_directories(made / "sql", error);
    const auto link = [&](const fs::path& from, const fs::path& into) {
        for (const auto& entry : fs::directory_iterator(from, error)) {
            const fs::path at = into / entry.path().filename();
            if (at == made / "sql") continue;
            fs::remove(at, error);
            fs::create_directory_symlink(fs::absolute(entry.path()), at, error);
        }
    };
    link(share, made);
    link(fs::path(share) / "sql", made / "sql");
    for (const std::string& more : options.sql_dirs) {
        if (!fs::is_directory(more, error))
            throw Failure("Options::sql_dirs names " + more + ", which is no folder");
        link(more, made / "sql");
    }
    return made.string();
}

void Host::Impl::settle() {
    if (!life || settling) return;
    settling = true;
    struct End {
        bool& flag;
        ~End() { flag = false; }
    } const end{settling};
    for (std::size_t steps = 0; life->step(); ++steps) {
        if (steps == kRestless)
            throw Failure("the host never comes to rest: something posts itself again and again without time passing. "
                          "Use a timer (Space::after) for what comes back.");
    }
}

void Host::Impl::advance(Duration time) {
    need_running();
    settle();
    const auto until = clock.steady() + time;
    while (const auto when = life->next()) {
        if (*when > until) break;
        clock.advance(std::max(std::chrono::ceil<Duration>(*when - clock.steady()), Duration(0)));
        if (life->schedules > 0) life->scheduler->look();
        settle();
    }
    clock.advance(std::chrono::duration_cast<Duration>(until - clock.steady()));
    if (life->schedules > 0) life->scheduler->look();
    settle();
}

void Host::Impl::surface() {
    std::string text;
    for (; ledger.violations_seen < ledger.violations.size(); ++ledger.violations_seen)
        text += (text.empty() ? "" : "\n") + ledger.violations[ledger.violations_seen];
    if (!text.empty()) throw Failure(text);
}

}  // namespace cairn::testkit
