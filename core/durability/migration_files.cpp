#include "core/durability/migration_files.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNumberDigits = 4;
constexpr std::string_view kSuffix = ".sql";
constexpr std::string_view kDown = ".down";

[[noreturn]] void refuse(const fs::path& file, const std::string& wrong) {
    throw Error(Code::internal, "migration " + file.string() + " " + wrong);
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool ends_with(std::string_view text, std::string_view ending) noexcept {
    return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

/// Takes "0001_spaces.sql" apart; of "0001_spaces.down.sql" the `what` is "spaces.down".
services::Migration parse_name(const fs::path& file) {
    const std::string name = file.filename().string();
    const bool fits = name.size() > kNumberDigits + 1 + kSuffix.size() && name[kNumberDigits] == '_' &&
                      std::all_of(name.begin(), name.begin() + kNumberDigits, is_digit) &&
                      ends_with(name, kSuffix);
    if (!fits) {
        refuse(file,
               "has a name that is neither NNNN_what.sql (for example 0001_spaces.sql) nor NNNN_what.down.sql: rename it "
               "or move it away");
    }
    services::Migration migration;
    migration.number = std::stoi(name.substr(0, kNumberDigits));
    migration.what = name.substr(kNumberDigits + 1, name.size() - kNumberDigits - 1 - kSuffix.size());
    return migration;
}

std::string read_file(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) refuse(file, "cannot be opened: make it readable for the user that runs cairn");
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (in.bad()) refuse(file, "cannot be read to its end: check the disk");
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
        refuse(file, "is empty: restore it from the installation");
    }
    return text;
}

std::vector<services::Migration> read_folder(const fs::path& folder, const std::string& plugin) {
    std::vector<services::Migration> found;
    std::vector<fs::path> downs;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (at->path().filename().string().front() == '.') continue;
        services::Migration migration = parse_name(at->path());
        if (ends_with(migration.what, kDown)) {
            downs.push_back(at->path());
            continue;
        }
        migration.plugin = plugin;
        migration.sql = read_file(at->path());
        migration.checksum = migration_checksum(migration.sql);
        found.push_back(std::move(migration));
    }
    if (error) refuse(folder, "folder cannot be listed (" + error.message() + ")");
    std::sort(found.begin(), found.end(), [](const services::Migration& a, const services::Migration& b) {
        return a.number != b.number ? a.number < b.number : a.what < b.what;
    });
    for (std::size_t i = 0; i < found.size(); ++i) {
        const int expected = static_cast<int>(i) + 1;
        if (found[i].number == expected) continue;
        if (i > 0 && found[i].number == found[i - 1].number) {
            refuse(folder, "folder has two files with the number " + std::to_string(found[i].number) + " (" +
                               found[i - 1].what + " and " + found[i].what +
                               "): give the newer one the next free number");
        }
        refuse(folder, "folder lacks number " + std::to_string(expected) + " before " +
                           std::to_string(found[i].number) + "_" + found[i].what +
                           ": restore the missing file, or number without gaps from 0001");
    }
    for (const fs::path& file : downs) {
        const services::Migration down = parse_name(file);
        const std::string what = down.what.substr(0, down.what.size() - kDown.size());
        const auto up = std::find_if(found.begin(), found.end(), [&](const services::Migration& migration) {
            return migration.number == down.number && migration.what == what;
        });
        if (up == found.end()) {
            refuse(file, "takes back a file that is not there: restore " +
                             file.filename().string().substr(0, kNumberDigits) + "_" + what +
                             ".sql, or move this one away");
        }
        up->down = read_file(file);
    }
    return found;
}

}  // namespace

std::string migration_checksum(std::string_view sql) {
    std::string text;
    text.reserve(sql.size());
    for (std::size_t i = 0; i < sql.size(); ++i) {
        if (sql[i] == '\r' && i + 1 < sql.size() && sql[i + 1] == '\n') continue;
        text += sql[i];
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
        throw Error(Code::internal, "SHA-256 is not available: check the installation of OpenSSL");
    }
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        hex += kDigits[digest[i] >> 4U];
        hex += kDigits[digest[i] & 15U];
    }
    return hex;
}

std::vector<services::Migration> find_migrations(const std::string& share_dir, std::span<const std::string> plugins,
                                                 std::string_view engine) {
    std::vector<MigrationOwner> owners;
    for (const std::string& plugin : plugins) owners.push_back({plugin, share_dir});
    return find_migrations(owners, engine);
}

std::vector<services::Migration> find_migrations(std::span<const MigrationOwner> owners, std::string_view engine) {
    std::vector<services::Migration> all;
    for (const auto& [plugin, share_dir] : owners) {
        const fs::path folder = fs::path(share_dir) / "sql" / plugin / engine;
        std::error_code error;
        const fs::file_status status = fs::status(folder, error);
        if (status.type() == fs::file_type::not_found) continue;
        if (error) refuse(folder, "folder cannot be looked at (" + error.message() + ")");
        if (status.type() != fs::file_type::directory) refuse(folder, "should be a folder");
        std::vector<services::Migration> found = read_folder(folder, plugin);
        std::move(found.begin(), found.end(), std::back_inserter(all));
    }
    return all;
}

}  // namespace cairn::core
