#include "core/observe/health.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <utility>

#include <cairn/error.hpp>

namespace cairn::core {

namespace {
constexpr std::array<std::string_view, 3> kTaken{"status", "uptime_seconds", "version"};
}

Health::Health(std::string version) : version_(std::move(version)), begun_(std::chrono::steady_clock::now()) {}

void Health::add(const std::string& name, Reporter reporter) {
    if (std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end())
        throw Error(Code::conflict, "health report \"" + name + "\": the host itself uses this name; take another");
    auto part = std::make_shared<Part>();
    part->reporter = std::move(reporter);
    const std::lock_guard lock(mutex_);
    parts_[name] = std::move(part);
}

void Health::remove(const std::string& name) {
    std::shared_ptr<Part> part;
    {
        const std::lock_guard lock(mutex_);
        const auto found = parts_.find(name);
        if (found == parts_.end()) return;
        part = std::move(found->second);
        parts_.erase(found);
    }
    // Whoever is asking it now finishes first; who asks later finds nothing to call.
    const std::lock_guard lock(part->mutex);
    part->reporter = nullptr;
}

Document Health::body(bool& ok) const {
    std::map<std::string, std::shared_ptr<Part>> parts;
    {
        const std::lock_guard lock(mutex_);
        parts = parts_;
    }
    ok = true;
    Document members = Document::map();
    for (const auto& [name, part] : parts) {
        Report report;
        try {
            const std::lock_guard lock(part->mutex);
            if (!part->reporter) continue;
            report = part->reporter();
        } catch (const std::exception& error) {
            report = {false, {{"error", error.what()}}};
        } catch (...) {
            report = {false, {{"error", "an exception that is not a std::exception"}}};
        }
        ok = ok && report.ok;
        Document member{{"ok", report.ok}};
        if (report.details.is_map()) {
            for (const Document::Member& detail : report.details.members())
                if (detail.key != "ok") member.set(detail.key, detail.value);
        } else if (!report.details.is_null()) {
            member.set("details", report.details);
        }
        members.set(name, std::move(member));
    }
    const auto up = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun_);
    Document body{{"status", ok ? "ok" : "degraded"}, {"uptime_seconds", up.count()}, {"version", version_}};
    for (const Document::Member& member : members.members()) body.set(member.key, member.value);
    return body;
}

}  // namespace cairn::core
