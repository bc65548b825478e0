#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/abi.hpp>
#include <cairn/clock.hpp>
#include <cairn/document.hpp>
#include <cairn/error.hpp>
#include <cairn/export.hpp>
#include <cairn/fields.hpp>
#include <cairn/http.hpp>
#include <cairn/json.hpp>
#include <cairn/log.hpp>
#include <cairn/loop.hpp>
#include <cairn/metrics.hpp>
#include <cairn/player.hpp>
#include <cairn/service.hpp>
#include <cairn/session.hpp>
#include <cairn/space.hpp>
#include <cairn/storage.hpp>
#include <cairn/task.hpp>

namespace cairn {

/// What somebody who knows spaces says about one of them.
struct SpaceSettings {
    std::string id;                 ///< the name clients use
    std::size_t max_players = 100;  ///< joins beyond are refused with `full` (P160)
    Duration tick{50};
    bool permanent = false;         ///< stays open when empty
    Document settings;              ///< handed to the behaviours as Space::settings()
};

/// Tells the host which spaces exist. At most one plugin provides it (the world plugin does).
struct SpaceSource {
    static constexpr ServiceId kService{"cairn.space_source", 1};
    virtual ~SpaceSource() = default;
    /// Spaces to open at the start. [control]
    virtual std::vector<SpaceSettings> initial() = 0;
    /// Settings for a space that somebody wants to join and that is not open. `open_on_demand` is how many spaces are
    /// open that are not permanent. Throws Error(not_found | full | invalid_field). [any], concurrently.
    virtual SpaceSettings resolve(std::string_view name, std::size_t open_on_demand) = 0;
};

/// Spaces from outside of them. [any]
class CAIRN_API Spaces {
public:
    virtual ~Spaces();
    virtual std::size_t count() const noexcept = 0;
    virtual std::size_t players() const noexcept = 0;
    /// Posts an event to everybody in every space (an announcement).
    virtual void broadcast(std::string_view type, const Document& d) = 0;
    /// As Space::tell.
    virtual void tell(std::string_view space, std::string_view topic, Document message) = 0;
};

/// One part of the JSON that `cairn export` writes and `cairn import` reads (P300): objects, messages. Both work on rows
/// of the store while no server runs on it.
struct ExchangeSection {
    std::string name;               ///< the member of the file: "objects"
    std::vector<std::string> also;  ///< other names it goes by in files to import: {"chatHistory"}
    /// True: written as a list of entries; false: as pairs of id and entry, or as a map from id to entry.
    bool list = false;
    /// Reads what is exported, in the order in which it is written (ORDER BY, no LIMIT). $1 is the id of the space that rows
    /// carry; for the section named `space` its name.
    Query rows;
    /// The id of a row and the entry that stands for it. [worker]
    std::function<std::pair<std::string, Document>(const Document& row)> write;
    /// Adds the changes that make `entry` part of the space; `id` is empty for lists. Throws Error(invalid_field) that
    /// names the member. [worker]
    std::function<void(std::string_view space, const std::string& id, const Document& entry, Commit& commit)> read;
};

/// What a plugin may use from `start` on. Owned by the host; lives until the plugin has been destroyed.
class CAIRN_API Runtime {
public:
    virtual ~Runtime();
    virtual Log& log() noexcept = 0;                       ///< [any]
    virtual Metrics& metrics() noexcept = 0;               ///< [any]
    virtual const Clock& clock() const noexcept = 0;       ///< [any]
    virtual Loops& loops() noexcept = 0;                   ///< [any]
    virtual Background& background() noexcept = 0;         ///< [any]
    /// Works from `start` on for plugins that asked for services::Store. [any]; completions come in the storage lane
    virtual Storage& storage() noexcept = 0;
    virtual Spaces& spaces() noexcept = 0;                 ///< [any]
    virtual Sessions& sessions() noexcept = 0;             ///< [loop]
    virtual const HttpRoutes& routes() const noexcept = 0; ///< [any]
    virtual const std::string& data_dir() const noexcept = 0;     ///< absolute, exists, locked for this process
    virtual const std::string& plugin_dir() const noexcept = 0;   ///< folder this plugin's .so was loaded from
    virtual const std::string& share_dir() const noexcept = 0;    ///< folder with sql/ and other shipped data
    /// Every declared table, of all plugins. What a store asks.
    virtual const std::vector<std::unique_ptr<TableSpec>>& tables() const noexcept = 0;
    /// Prints one line under "where to go next" once the host is up: `label` "world", `text` an address. [control]
    virtual void announce(std::string_view label, std::string_view text) = 0;
    /// Runs `work` in the general lane at the times of `cron`: five fields (minute hour day month weekday) in the host's
    /// `time_zone`, or @hourly @daily @weekly @monthly. One run at a time; runs that were missed are made up for by one.
    /// Ends with the plugin. Throws Error(invalid_field) when `cron` says nothing. [control]
    virtual void schedule(std::string cron, std::string what, std::function<void(const Task&)> work) = 0;
};

/// What a plugin declares with. Nothing is opened, read or started here: `cairn check` calls it too. [setup]
class CAIRN_API Setup {
public:
    virtual ~Setup();

    /// The plugin's settings. Defaults now; what the YAML says once the host has checked it, before `start`.
    /// At most once per plugin.
    template <class T>
    std::shared_ptr<const T> config() {
        auto value = std::make_shared<T>();
        config_erased(struct_type<T>(), value.get(), value);
        return value;
    }

    /// Adds a behaviour to every space. `make` is called on the space's strand when it opens.
    virtual void behaviour(std::string name, std::function<std::unique_ptr<Behaviour>(Space& space)> make) = 0;

    /// Offers a service. `service` lives in the plugin; usable by others from this plugin's `start` to its `stop`.
    template <ServiceInterface S>
    void provide(S& service) {
        provide_erased(S::kService, static_cast<void*>(&service));
    }
    /// Asks for a service; the host refuses to start when nobody offers it.
    template <ServiceInterface S>
    Service<S> require() {
        return Service<S>(require_erased(S::kService, true));
    }
    /// Asks for a service that may be missing.
    template <ServiceInterface S>
    Service<S> want() {
        return Service<S>(require_erased(S::kService, false));
    }

    /// Declares a table of this plugin. Its migrations are sql/<plugin>/<engine>/NNNN_what.sql.
    template <class Row>
    Table<Row> table(std::string name, std::vector<std::string> key) {
        return Table<Row>(table_erased(std::move(name), std::move(key), struct_type<Row>()));
    }

    /// Declares what the plugin keeps, for the loss budget and for commits (Commit::of). Lives as long as the host.
    virtual const Collection& collection(std::string name, Durability usual, std::string meaning) = 0;
    /// Contributes to `cairn export` and `cairn import`.
    virtual void exchange(ExchangeSection section) = 0;

    virtual void route(HttpRoute route) = 0;
    virtual void files(HttpFiles files) = 0;
    /// Contributes `name` to GET /health. `ok` false makes the whole answer 503. Called often. [any]
    struct HealthReport {
        bool ok = true;
        Document details;
    };
    virtual void health(std::string name, std::function<HealthReport()> report) = 0;
    /// As Runtime::share_dir, for folders that must be named here (files()).
    virtual const std::string& share_dir() const noexcept = 0;

protected:
    virtual void config_erased(const StructType& type, void* value, std::shared_ptr<void> keep) = 0;
    virtual void provide_erased(ServiceId id, void* service) = 0;
    virtual std::shared_ptr<void*> require_erased(ServiceId id, bool required) = 0;
    virtual const TableSpec& table_erased(std::string name, std::vector<std::string> key, const StructType& row) = 0;
};

/// What every plugin derives from. Calls come in this order, all on the control thread:
/// setup → start → ready → drain → stop → destruction. `stop` is called if and only if `start` returned; plugins that
/// need your services have been stopped before you. Whatever you leave running after `stop` is named in the log.
class CAIRN_API Plugin {
public:
    virtual ~Plugin();
    virtual void setup(Setup& setup) = 0;
    /// Everything you asked for is there. Throwing stops the start with your message.
    virtual void start(Runtime& runtime);
    /// All plugins have started and all permanent spaces are open: open ports now.
    virtual void ready(Runtime& runtime);
    /// No new players from now on.
    virtual void drain();
    virtual void stop();
};

}  // namespace cairn

/// Makes this shared object a plugin. Once per .so, at global scope, without a semicolon needed.
#define CAIRN_PLUGIN(Class, plugin_name, plugin_version)                                                              \
    static_assert(sizeof(plugin_name) <= 64 && sizeof(plugin_version) <= 32, "plugin name or version is too long");   \
    extern "C" {                                                                                                      \
    CAIRN_API extern const ::cairn::abi::Descriptor cairn_plugin_descriptor;                                          \
    __attribute__((section(CAIRN_DESCRIPTOR_SECTION), used)) const ::cairn::abi::Descriptor cairn_plugin_descriptor = \
        ::cairn::abi::describe_build(plugin_name, plugin_version);                                                    \
    CAIRN_API ::cairn::Plugin* cairn_plugin_create() { return new Class(); }                                          \
    }
