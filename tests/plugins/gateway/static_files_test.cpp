#include <plugins/gateway/static_files.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <plugins/gateway/descriptor.hpp>
#include <plugins/gateway/folder_open.hpp>

#include "tests/plugins/gateway/support.hpp"

namespace cairn::gateway {
namespace {

class StaticFiles : public ::testing::Test {
protected:
    StaticFiles() {
        folder.write("public/index.html", "<h1>start</h1>");
        folder.write("public/js/app.js", "let a = 1;");
        folder.write("public/js/index.html", "scripts");
        folder.write("public/.secret", "no");
        folder.write("public/.git/config", "no");
        folder.write("public/name with blank.txt", "blank");
        folder.write("outside.txt", "no");
        files.prefix = "/";
        files.folder = folder.path() + "/public";
    }

    FileAnswer open(const std::string& path, const std::string& if_none_match = {}, bool head_only = false) {
        return open_file(files, {path, path, if_none_match, head_only});
    }
    static std::string header(const FileAnswer& answer, std::string_view name) {
        for (const auto& [key, value] : answer.response.headers)
            if (key == name) return value;
        return {};
    }

    testing::TempFolder folder;
    HttpFiles files;
};

TEST_F(StaticFiles, ServesFilesWithTheirTypes) {
    const FileAnswer script = open("/js/app.js");
    EXPECT_EQ(script.response.status, 200);
    EXPECT_EQ(script.response.body, "let a = 1;");
    EXPECT_EQ(script.length, 10u);
    EXPECT_EQ(script.response.content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(open("/name with blank.txt").response.body, "blank");
}

TEST_F(StaticFiles, AFolderShowsItsIndex) {
    EXPECT_EQ(open("/").response.body, "<h1>start</h1>");
    EXPECT_EQ(open("/js/").response.body, "scripts");
    const FileAnswer moved = open_file(files, {"/js", "/js?v=1", "", false});
    EXPECT_EQ(moved.response.status, 301);
    EXPECT_EQ(header(moved, "Location"), "/js/?v=1");
}

TEST_F(StaticFiles, APrefixIsCutOff) {
    files.prefix = "/app/";
    EXPECT_EQ(open("/app/js/app.js").response.status, 200);
    EXPECT_EQ(open("/app/").response.body, "<h1>start</h1>");
}

TEST_F(StaticFiles, NothingOutsideTheFolder) {
    // decode_path() refuses most of these before; the folder must hold without it too.
    for (const char* path :
         {"/../outside.txt", "/js/../../outside.txt", "/js/../index.html/../../outside.txt", "//etc/passwd",
          "/etc/passwd", "/..", "/../", "/js/..", "/.", "/./index.html", "/.secret", "/.git/config", "/js/../.secret",
          "/missing", "/index.html/", "/index.html/x", "/%2e%2e/outside.txt"}) {
        const FileAnswer answer = open(path);
        EXPECT_EQ(answer.response.status, 404) << path;
        EXPECT_EQ(answer.response.body.find("no\""), std::string::npos) << path;
    }
}

TEST_F(StaticFiles, NoLinkLeadsOut) {
    const std::string inside = folder.path() + "/public/";
    std::filesystem::create_symlink("../outside.txt", inside + "relative.txt");
    std::filesystem::create_symlink(folder.path() + "/outside.txt", inside + "absolute.txt");
    std::filesystem::create_directory_symlink(folder.path(), inside + "up");
    std::filesystem::create_symlink("loop.txt", inside + "loop.txt");
    for (const char* path : {"/relative.txt", "/absolute.txt", "/up/outside.txt", "/loop.txt"})
        EXPECT_EQ(open(path).response.status, 404) << path;
}

TEST_F(StaticFiles, TheWalkOfOldKernelsHoldsToo) {
    std::filesystem::create_symlink("../outside.txt", files.folder + "/link.txt");
    std::filesystem::create_directory_symlink(folder.path(), files.folder + "/up");
    const Descriptor root(::open(files.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    using Opener = int (*)(int, const std::string&) noexcept;
    for (const Opener opener : {Opener{open_beneath}, Opener{open_by_walk}}) {
        for (const char* good : {"index.html", "js/app.js", "name with blank.txt"})
            EXPECT_TRUE(Descriptor(opener(root.get(), good))) << good;
        for (const std::string& bad :
             {std::string("../outside.txt"), std::string("js/../../outside.txt"), std::string("link.txt"),
              std::string("up/outside.txt"), std::string("/etc/passwd"), std::string("js/.."), std::string("missing"),
              std::string("index.html/x"), std::string(), std::string(300, 'a'), std::string(300, 'a') + "/x"}) {
            const Descriptor opened(opener(root.get(), bad));
            struct stat info {};
            EXPECT_TRUE(!opened || (::fstat(opened.get(), &info) == 0 && S_ISDIR(info.st_mode))) << bad;
        }
    }
}

TEST_F(StaticFiles, OnlyRegularFiles) {
    ASSERT_EQ(::mkfifo((folder.path() + "/public/pipe").c_str(), 0600), 0);
    EXPECT_EQ(open("/pipe").response.status, 404);
}

TEST_F(StaticFiles, AnUnchangedFileIsNotSentAgain) {
    const FileAnswer first = open("/js/app.js");
    const std::string etag = header(first, "ETag");
    ASSERT_FALSE(etag.empty());
    EXPECT_EQ(open("/js/app.js", etag).response.status, 304);
    EXPECT_EQ(open("/js/app.js", "\"other\", W/" + etag).response.status, 304);
    EXPECT_EQ(open("/js/app.js", "*").response.status, 304);
    EXPECT_EQ(open("/js/app.js", "\"other\"").response.status, 200);
    EXPECT_EQ(header(open("/js/app.js", etag), "ETag"), etag);
    folder.write("public/js/app.js", "let a = 22;");
    EXPECT_EQ(open("/js/app.js", etag).response.status, 200);
}

TEST_F(StaticFiles, HeadersOfTheFolderAreAdded) {
    EXPECT_EQ(header(open("/"), "Cache-Control"), "no-cache");
    files.headers = {{"Content-Security-Policy", "default-src 'self'"}, {"cache-control", "max-age=60"}};
    const FileAnswer answer = open("/");
    EXPECT_EQ(header(answer, "Content-Security-Policy"), "default-src 'self'");
    EXPECT_EQ(header(answer, "cache-control"), "max-age=60");
    EXPECT_EQ(header(answer, "Cache-Control"), "");
}

TEST_F(StaticFiles, HeadTellsTheLengthOnly) {
    const FileAnswer answer = open("/js/app.js", "", true);
    EXPECT_EQ(answer.response.status, 200);
    EXPECT_EQ(answer.length, 10u);
    EXPECT_TRUE(answer.response.body.empty());
}

TEST_F(StaticFiles, LongFilesComeInPieces) {
    std::string content(3 * kFileChunk + 5, 'x');
    content[kFileChunk] = 'y';
    folder.write("public/long.bin", content);
    FileAnswer answer = open("/long.bin");
    EXPECT_EQ(answer.response.content_type, "application/octet-stream");
    EXPECT_EQ(answer.length, content.size());
    std::string all = answer.response.body;
    ASSERT_TRUE(answer.rest);
    while (answer.rest->left() > 0) all += answer.rest->read_some(kFileChunk);
    EXPECT_EQ(all, content);
}

TEST_F(StaticFiles, AFileThatShrinksIsNoticed) {
    folder.write("public/long.bin", std::string(2 * kFileChunk, 'x'));
    FileAnswer answer = open("/long.bin");
    ASSERT_TRUE(answer.rest);
    ASSERT_EQ(::truncate((folder.path() + "/public/long.bin").c_str(), 100), 0);
    EXPECT_THROW(answer.rest->read_some(kFileChunk), Error);
}

TEST_F(StaticFiles, AMissingFolderIsNotFound) {
    files.folder += "/nowhere";
    EXPECT_EQ(open("/").response.status, 404);
}

TEST(MediaType, BySuffix) {
    EXPECT_EQ(media_type("a.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(media_type("x/model.glb"), "model/gltf-binary");
    EXPECT_EQ(media_type("x.html/README"), "application/octet-stream");
    EXPECT_EQ(media_type("noext"), "application/octet-stream");
}

}  // namespace
}  // namespace cairn::gateway
