#include <plugins/gateway/static_files.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <cairn/error.hpp>

#include <plugins/gateway/descriptor.hpp>
#include <plugins/gateway/folder_open.hpp>
#include <plugins/gateway/http_answer.hpp>
#include <plugins/gateway/http_head.hpp>

namespace cairn::gateway {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 27> kTypes{{
    {"html", "text/html; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"json", "application/json; charset=utf-8"},
    {"map", "application/json; charset=utf-8"},
    {"webmanifest", "application/manifest+json; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"webp", "image/webp"},
    {"gif", "image/gif"},
    {"ico", "image/x-icon"},
    {"ktx2", "image/ktx2"},
    {"glb", "model/gltf-binary"},
    {"gltf", "model/gltf+json"},
    {"wasm", "application/wasm"},
    {"woff2", "font/woff2"},
    {"woff", "font/woff"},
    {"ttf", "font/ttf"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"mp4", "video/mp4"},
    {"pdf", "application/pdf"},
}};

bool has_hidden_segment(std::string_view path) noexcept {
    return path.front() == '.' || path.find("/.") != std::string_view::npos;
}

std::string make_etag(const struct stat& info) {
    std::array<char, 64> text{};
    char* at = text.data();
    char* const end = text.data() + text.size();
    *at++ = '"';
    at = std::to_chars(at, end, static_cast<std::uint64_t>(info.st_size), 16).ptr;
    *at++ = '-';
    at = std::to_chars(at, end,
                       static_cast<std::uint64_t>(info.st_mtim.tv_sec) * 1000000000u +
                           static_cast<std::uint64_t>(info.st_mtim.tv_nsec),
                       16)
             .ptr;
    *at++ = '"';
    return {text.data(), at};
}

FileAnswer plain(HttpResponse response) {
    FileAnswer answer;
    answer.length = response.body.size();
    answer.response = std::move(response);
    return answer;
}

FileAnswer failed_open(int error) {
    if (error == EMFILE || error == ENFILE || error == ENOMEM)
        return plain(error_answer(503, "the server is busy; try again"));
    return plain(error_answer(404, "there is nothing here"));
}

}  // namespace

OpenFile::~OpenFile() {
    ::close(fd_);
}

std::string OpenFile::read_some(std::size_t most) {
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(most, left_)), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(fd_, bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw Error(Code::unavailable, "a file changed while it was sent");
        have += static_cast<std::size_t>(got);
    }
    left_ -= have;
    return bytes;
}

FileAnswer open_file(const HttpFiles& files, const FileRequest& request) {
    std::string relative = request.path.substr(std::min(files.prefix.size(), request.path.size()));
    if (relative.empty() || relative.back() == '/') relative += files.index;
    // `path` has been judged by decode_path(); a folder plugin's index name has not.
    if (relative.empty() || relative.front() == '/' || has_hidden_segment(relative)) return failed_open(ENOENT);

    const Descriptor folder(::open(files.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return failed_open(errno);
    Descriptor file(open_beneath(folder.get(), relative));
    if (!file) return failed_open(errno);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return failed_open(errno);
    if (S_ISDIR(info.st_mode)) {
        const std::size_t question = request.target.find('?');
        HttpResponse moved = error_answer(301, "a folder's address ends with '/'");
        moved.headers.emplace_back("Location",
                                   request.target.substr(0, question) + "/" +
                                       (question == std::string::npos ? "" : request.target.substr(question)));
        return plain(std::move(moved));
    }
    if (!S_ISREG(info.st_mode)) return failed_open(ENOENT);

    FileAnswer answer;
    answer.response.headers = files.headers;
    const std::string etag = make_etag(info);
    answer.response.headers.emplace_back("ETag", etag);
    const bool says_how_long = std::any_of(files.headers.begin(), files.headers.end(), [](const auto& header) {
        return equal_ignoring_case(header.first, "cache-control");
    });
    // A page and its modules change together: browsers keep them, and ask each time whether they are still fresh.
    if (!says_how_long) answer.response.headers.emplace_back("Cache-Control", "no-cache");
    answer.response.content_type = media_type(relative);
    if (etag_matches(request.if_none_match, etag)) {
        answer.response.status = 304;
        return answer;
    }
    answer.length = static_cast<std::uint64_t>(info.st_size);
    if (request.head_only) return answer;
    auto rest = std::make_shared<OpenFile>(file.release(), answer.length);
    answer.response.body = rest->read_some(kFileChunk);
    if (rest->left() > 0) answer.rest = std::move(rest);
    return answer;
}

std::string_view media_type(std::string_view name) noexcept {
    const std::size_t dot = name.rfind('.');
    if (dot != std::string_view::npos && name.find('/', dot) == std::string_view::npos)
        for (const auto& [suffix, type] : kTypes)
            if (equal_ignoring_case(name.substr(dot + 1), suffix)) return type;
    return "application/octet-stream";
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept {
    while (!if_none_match.empty()) {
        const std::size_t comma = if_none_match.find(',');
        std::string_view one = trim(if_none_match.substr(0, comma));
        if (one == "*") return true;
        if (one.starts_with("W/")) one.remove_prefix(2);
        if (one == etag) return true;
        if_none_match = comma == std::string_view::npos ? std::string_view() : if_none_match.substr(comma + 1);
    }
    return false;
}

}  // namespace cairn::gateway
