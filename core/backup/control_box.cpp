#include "core/backup/control_box.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include <cairn/error.hpp>

#include "core/backup/durable_file.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRequest = ".request";
constexpr std::size_t kLongest = 1u << 20;

std::string control_folder(const std::string& data_dir) {
    return data_dir + "/control";
}

std::vector<fs::path> files_in(const std::string& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        files.push_back(entry->path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// Waits until `there` says so; false when the time is over.
bool wait_until(Duration at_most, const std::function<bool()>& there) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!there()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

}  // namespace

ControlBox::ControlBox(const std::string& data_dir) : folder_(control_folder(data_dir)) {
    make_folder(folder_, "the folder for requests");
    for (const fs::path& file : files_in(folder_)) remove_file(file.string());
}

bool ControlBox::serve(const std::function<Document(const Document& request)>& work) {
    for (const fs::path& file : files_in(folder_)) {
        if (file.extension() != kRequest) continue;
        const std::string stem = (file.parent_path() / file.stem()).string();
        std::error_code error;
        fs::rename(file, stem + ".taken", error);
        if (error) continue;  // withdrawn
        Document answer;
        try {
            answer =
                Document{{"ok", true}, {"answer", work(Document::parse_json(read_file(stem + ".taken", kLongest)))}};
        } catch (const std::exception& failure) {
            answer = Document{{"ok", false}, {"error", failure.what()}};
        }
        write_durably(stem + ".answer", answer.to_json());
        remove_file(stem + ".taken");
        return true;
    }
    return false;
}

Document ask_server(const std::string& data_dir, const Document& request, Duration taken_within, Duration at_most) {
    const std::string folder = control_folder(data_dir);
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
        throw Error(Code::unavailable, "the server that holds " + data_dir + " takes no requests: it has no folder " +
                                           folder + ". It may still be starting, or be another version");
    }
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    const std::string stem = folder + "/" + std::to_string(now) + "-" + std::to_string(::getpid());
    write_durably(stem + std::string(kRequest), request.to_json());
    const auto there = [&](const char* ending) { return fs::exists(stem + ending, error); };
    if (!wait_until(taken_within, [&] { return there(".taken") || there(".answer"); }) &&
        remove_file(stem + std::string(kRequest))) {
        throw Error(Code::unavailable, "the server that holds " + data_dir + " did not take the request within " +
                                           std::to_string(taken_within.count() / 1000) +
                                           " s; it may be busy with an earlier one. Its log tells");
    }
    if (!wait_until(at_most, [&] { return there(".answer"); })) {
        throw Error(Code::unavailable, "the server did not answer within " + std::to_string(at_most.count() / 1000) +
                                           " s; it goes on, its log tells the outcome");
    }
    const Document answer = Document::parse_json(read_file(stem + ".answer", kLongest));
    remove_file(stem + ".answer");
    if (!answer["ok"].boolean_or(false)) throw Error(Code::internal, std::string(answer["error"].text()));
    return answer["answer"];
}

std::optional<std::string> data_holder(const std::string& data_dir) {
    const int fd = ::open((data_dir + "/cairn.lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return std::nullopt;
    std::optional<std::string> holder;
    if (::flock(fd, LOCK_SH | LOCK_NB) != 0) {
        char text[32] = {};
        const ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
        std::string pid(text, got > 0 ? static_cast<std::size_t>(got) : 0);
        holder = pid.substr(0, pid.find('\n'));
    }
    ::close(fd);
    return holder;
}

}  // namespace cairn::core
