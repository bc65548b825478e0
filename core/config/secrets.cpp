#include "core/config/secrets.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <cairn/text.hpp>

#include "core/config/expansion.hpp"

namespace cairn::core {
namespace {

constexpr const char* kForms = "write {env: NAME} or {file: path}";
constexpr std::uintmax_t kMaxBytes = 65536;
constexpr mode_t kTooWide = 0037;  // what a mode of 0640 leaves out for group and others (reliability.md section 8)

std::string octal(mode_t mode) {
    std::ostringstream out;
    out << '0' << std::oct << (mode & 0777U);
    return out.str();
}

std::filesystem::path resolve(const std::string& name, const Mark& mark, const ProblemReport& report) {
    std::filesystem::path path(name);
    const std::vector<ConfigSource>* sources = report.sources();
    if (path.is_absolute() || sources == nullptr || mark.file >= sources->size()) return path;
    const std::string& source = (*sources)[mark.file].name;
    if (source.starts_with("--set ")) return path;  // from the working folder, as everything on a command line
    return std::filesystem::path(source).parent_path() / path;
}

bool from_environment(const Document& name, const std::string& path, Secret& out, ProblemReport& report) {
    const std::optional<std::string> value = report.environment(std::string(name.text()));
    if (!value || value->empty()) {
        report.add(name.mark(), path,
                   "the environment variable " + std::string(name.text()) + " is " + (value ? "empty" : "not set"),
                   "set it, or use {file: path}");
        return false;
    }
    out = Secret(*value);
    return true;
}

bool from_file(const Document& name, const std::string& path, Secret& out, ProblemReport& report) {
    const std::filesystem::path file = resolve(std::string(name.text()), name.mark(), report);
    const auto refuse = [&](const std::string& message, const std::string& cure) {
        report.add(name.mark(), path, message, cure);
        return false;
    };
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        return refuse("cannot read the secret file " + file.string() + ": " + std::strerror(errno),
                      "create it with mode 0640 or narrower");
    }
    if (!S_ISREG(status.st_mode)) return refuse(file.string() + " is no ordinary file", "put the secret into a file");
    if ((status.st_mode & kTooWide) != 0) {
        return refuse("the secret file " + file.string() + " has mode " + octal(status.st_mode) +
                          ": more people than its owner and group may read or change it",
                      "chmod 0640 " + file.string());
    }
    if (static_cast<std::uintmax_t>(status.st_size) > kMaxBytes)
        return refuse(file.string() + " is longer than 64 KiB", "put only the secret into it");
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    std::ostringstream content;
    if (in && status.st_size != 0) content << in.rdbuf();
    if (!in) {
        return refuse("cannot read the secret file " + file.string() + ": " +
                          (errno != 0 ? std::strerror(errno) : "reading failed"),
                      "let the user that runs cairn read it");
    }
    std::string secret = content.str();
    // Editors and echo end a file with a line break that belongs to no password.
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.ends_with('\r')) secret.pop_back();
    if (secret.empty()) return refuse("the secret file " + file.string() + " is empty", "put the secret into it");
    if (!code_points(secret) || secret.find('\0') != std::string::npos) {
        return refuse("the secret file " + file.string() + " holds no UTF-8 text",
                      "write binary secrets as hex or base64");
    }
    out = Secret(std::move(secret));
    return true;
}

}  // namespace

bool read_secret(const Document& node, const std::string& path, Secret& out, ProblemReport& report) {
    if (node.is_text() && is_expansion(report.text_at(node.mark()))) {  // "${NAME}": not in the file either
        out = Secret(std::string(node.text()));
        return true;
    }
    if (!node.is_map()) {
        report.add(node.mark(), path, "a secret must not stand in the file itself", kForms);
        return false;
    }
    if (node.size() == 1 && node.members().front().value.is_text()) {
        const Document::Member& only = node.members().front();
        if (only.key == "env") return from_environment(only.value, path, out, report);
        if (only.key == "file") return from_file(only.value, path, out, report);
    }
    report.add(node.mark(), path, "a secret is given by one of two forms", kForms);
    return false;
}

}  // namespace cairn::core
