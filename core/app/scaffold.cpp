#include "core/app/scaffold.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <cairn/abi.hpp>

#include "core/plugins/compatibility.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = sizeof(abi::Descriptor::name) - 1;
constexpr std::size_t kLongestTable = 63;  // PostgreSQL cuts longer names off

/// Names that CMake keeps for itself as targets, and folders that an installation has below share/cairn.
constexpr std::array<std::string_view, 14> kReserved{
    "all",           "cairn",  "clean", "client", "config", "edit_cache", "help",
    "install",       "package", "package_source", "rebuild_cache", "sql", "template", "test"};

bool is_lower(char c) noexcept {
    return c >= 'a' && c <= 'z';
}

std::string read_file(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (!in.is_open() || in.bad()) {
        throw std::runtime_error("the template's file " + file.string() + " cannot be read; install cairn again");
    }
    return text;
}

/// The place of a file of the template in the project.
fs::path project_path(const fs::path& of_template, const std::map<std::string, std::string>& values) {
    constexpr std::string_view kDot = "dot.";
    fs::path result;
    for (const fs::path& part : of_template) {
        std::string name = fill_placeholders(part.string(), values);
        if (name.rfind(kDot, 0) == 0) name.erase(0, kDot.size() - 1);
        result /= name;
    }
    return result;
}

}  // namespace

std::string fault_of_plugin_name(const std::string& name, const std::vector<std::string>& taken) {
    const bool identifier = !name.empty() && is_lower(name.front()) &&
                            std::all_of(name.begin(), name.end(),
                                        [](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '_'; });
    if (!identifier) {
        return "'" + name + "' cannot be a plugin's name: it names files, tables and messages, so it has small letters a "
               "to z, digits and '_', and begins with a letter, for example high_five";
    }
    if (name.size() > kLongestName) {
        return "'" + name + "' has " + std::to_string(name.size()) + " letters; a plugin's name has at most " +
               std::to_string(kLongestName);
    }
    if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
        return "'" + name + "' cannot be a plugin's name: CMake or cairn itself uses it; choose another, for example " +
               name + "_plugin";
    }
    if (std::find(taken.begin(), taken.end(), name) != taken.end()) {
        return "there is a plugin '" + name + "' already (`cairn plugins inspect " + name + "` shows it); choose another name";
    }
    return {};
}

std::map<std::string, std::string> scaffold_values(const std::string& name) {
    constexpr std::string_view kTable = "_counts";
    const std::string version = host_build().version;
    std::string type;
    bool upper = true;
    for (const char c : name) {
        if (c == '_') {
            upper = true;
            continue;
        }
        type += upper && is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
        upper = false;
    }
    return {{"name", name},
            {"Name", type},
            {"table", name.substr(0, kLongestTable - kTable.size()) + std::string(kTable)},
            {"cairn_version", version.substr(0, version.rfind('.'))}};
}

std::string fill_placeholders(const std::string& text, const std::map<std::string, std::string>& values) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text[at] == '@' ? text.find('@', at + 1) : std::string::npos;
        const auto value = end == std::string::npos ? values.end() : values.find(text.substr(at + 1, end - at - 1));
        if (value == values.end()) {
            out += text[at++];
            continue;
        }
        out += value->second;
        at = end + 1;
    }
    return out;
}

std::vector<std::string> write_scaffold(const std::string& from, const std::string& to,
                                        const std::map<std::string, std::string>& values) {
    std::error_code error;
    const bool was_there = fs::exists(to, error);
    if (was_there && !fs::is_directory(to, error)) throw std::runtime_error(to + " is there already and is no folder");
    if (was_there && !fs::is_empty(to, error)) {
        throw std::runtime_error("the folder " + to + " is not empty, and nothing in it is overwritten; choose another "
                                 "name or --dir, or move it away");
    }
    // All of it is read and filled in before anything is written.
    std::map<std::string, std::string> files;
    std::map<std::string, fs::perms> modes;
    fs::recursive_directory_iterator found(from, error);
    if (error) {
        throw std::runtime_error("the template " + from + " cannot be read (" + error.message() + "); install cairn again");
    }
    for (const fs::directory_entry& entry : found) {
        if (!entry.is_regular_file()) continue;
        const std::string path = project_path(entry.path().lexically_relative(from), values).generic_string();
        files[path] = fill_placeholders(read_file(entry.path()), values);
        modes[path] = entry.status().permissions() & fs::perms::owner_exec;
    }
    if (files.empty()) throw std::runtime_error("the template " + from + " is empty; install cairn again");

    std::vector<std::string> written;
    try {
        for (const auto& [path, text] : files) {
            const fs::path file = fs::path(to) / path;
            fs::create_directories(file.parent_path());
            std::ofstream out(file, std::ios::binary | std::ios::trunc);
            out << text;
            out.close();
            if (!out) throw std::runtime_error("cannot write " + file.string());
            if (modes[path] != fs::perms::none) {
                fs::permissions(file, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                                fs::perm_options::add);
            }
            written.push_back(path);
        }
    } catch (const std::exception&) {
        // It was empty or not there when this began, so everything in it is ours.
        if (was_there) {
            for (const fs::directory_entry& entry : fs::directory_iterator(to, error)) fs::remove_all(entry.path(), error);
        } else {
            fs::remove_all(to, error);
        }
        throw;
    }
    return written;
}

}  // namespace cairn::core
