#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <cairn/http.hpp>

namespace cairn::gateway {

/// An open file of which some bytes are still to be sent.
class OpenFile {
public:
    OpenFile(int fd, std::uint64_t left) noexcept : fd_(fd), left_(left) {}
    ~OpenFile();
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    std::uint64_t left() const noexcept { return left_; }
    /// At most `most` bytes. Throws Error(unavailable) when the file has become shorter or cannot be read. [worker]
    std::string read_some(std::size_t most);

private:
    int fd_;
    std::uint64_t left_;
};

/// An answer whose body may be longer than what is in it.
struct FileAnswer {
    HttpResponse response;
    std::uint64_t length = 0;        ///< of the whole body
    std::shared_ptr<OpenFile> rest;  ///< what follows response.body, if anything
};

/// What is asked of a folder.
struct FileRequest {
    std::string path;           ///< decoded and judged: begins with '/', no dot or empty segments
    std::string target;         ///< as sent, for redirections
    std::string if_none_match;  ///< the field's value
    bool head_only = false;
};

inline constexpr std::size_t kFileChunk = 262144;  ///< bytes read at once

/// The file below `files.folder` that `request.path` names, with the type of its suffix, an ETag and at most kFileChunk
/// bytes. Never outside the folder (openat2 with RESOLVE_BENEATH; a walk that follows no link where the kernel has no
/// openat2), never a name that begins with a dot, only regular files. Blocks. [worker]
FileAnswer open_file(const HttpFiles& files, const FileRequest& request);

/// "text/html; charset=utf-8" for "index.html"; "application/octet-stream" when the suffix is unknown.
std::string_view media_type(std::string_view name) noexcept;

/// RFC 9110 section 13.1.2, weak comparison.
bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept;

}  // namespace cairn::gateway
