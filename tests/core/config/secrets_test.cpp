#include "core/config/secrets.hpp"

#include "tests/core/config/reading.hpp"

namespace cairn::core {
namespace {

struct Login {
    Secret password;
    std::string user;
};
void describe(Fields<Login>& f) {
    f(&Login::password, "password", "of the database");
    f(&Login::user, "user", "of the database");
}

struct Filled : Reading {
    Login login;
    explicit Filled(std::string_view text, std::vector<std::string> overrides = {})
        : Reading(text, std::move(overrides)) {
        check_and_fill(struct_type<Login>(), root(), "db", &login, report);
    }
};

TEST(Secrets, ComeFromTheEnvironment) {
    const Filled map("password: {env: SECRET}\n");
    EXPECT_TRUE(map.report.empty()) << map.printed();
    EXPECT_EQ(map.login.password.reveal(), "hunter2");
    EXPECT_EQ(Filled("password:\n  env: SECRET\n").login.password.reveal(), "hunter2");
    EXPECT_EQ(Filled("password: ${SECRET}\n").login.password.reveal(), "hunter2");
    EXPECT_EQ(Filled("password: \"${SECRET}\"\n").login.password.reveal(), "hunter2");
    EXPECT_EQ(Filled("", {"password={env: SECRET}"}).login.password.reveal(), "hunter2");
    EXPECT_TRUE(Filled("user: x\n").login.password.empty());
}

TEST(Secrets, ComeFromFiles) {
    const TemporaryFolder folder;
    folder.write("plain", "hunter2");
    folder.write("unix", "hunter2\n", 0640);
    folder.write("dos", "hunter2\r\n", 0400);
    folder.write("two", "hunter2\n\n");
    for (const auto& [name, secret] : {std::pair{"plain", "hunter2"}, std::pair{"unix", "hunter2"},
                                       std::pair{"dos", "hunter2"}, std::pair{"two", "hunter2\n"}}) {
        const Filled f("password: {file: " + folder.at(name) + "}\n");
        EXPECT_TRUE(f.report.empty()) << f.printed();
        EXPECT_EQ(f.login.password.reveal(), secret);
    }
    // A relative path counts from the folder of the configuration, wherever the process stands.
    ConfigInputs inputs;
    inputs.files = {folder.write("config.yaml", "password: {file: unix}\n")};
    ProblemReport report;
    const auto c = Configuration::read(inputs, report);
    Login login;
    check_and_fill(struct_type<Login>(), c->root(), "", &login, report);
    EXPECT_TRUE(report.empty());
    EXPECT_EQ(login.password.reveal(), "hunter2");
}

TEST(Secrets, AreRefusedWhereOthersCanRead) {
    const TemporaryFolder folder;
    for (const unsigned mode : {0644u, 0604u, 0660u, 0620u, 0601u}) {
        const std::string path = folder.write("secret", "hunter2", mode);
        const Filled f("password: {file: " + path + "}\n");
        ASSERT_EQ(f.problems().size(), 1u) << mode;
        EXPECT_NE(f.problems()[0].find("has mode 0" + std::to_string(mode >> 6) + std::to_string(mode >> 3 & 7) +
                                       std::to_string(mode & 7)),
                  std::string::npos)
            << f.problems()[0];
        EXPECT_EQ(f.report.problems()[0].cure, "chmod 0640 " + path);
        EXPECT_TRUE(f.login.password.empty());
    }
}

TEST(Secrets, SayWhatIsWrongAndNeverTheSecret) {
    const TemporaryFolder folder;
    const std::string empty = folder.write("empty", "\n");
    const std::string binary = folder.write("binary", "\xff\xfe");
    const std::string large = folder.write("large", std::string(70'000, 'x'));
    const std::pair<std::string, std::string> cases[] = {
        {"password: hunter3\n", "1:11 db.password: a secret must not stand in the file itself"},
        {"password: 12345\n", "1:11 db.password: a secret must not stand in the file itself"},
        {"password: [hunter3]\n", "1:11 db.password: a secret must not stand in the file itself"},
        {"password:\n", "1:1 db.password: has no value"},
        {"password: {}\n", "1:11 db.password: a secret is given by one of two forms"},
        {"password: {literal: hunter3}\n", "1:11 db.password: a secret is given by one of two forms"},
        {"password: {env: A, file: B}\n", "1:11 db.password: a secret is given by one of two forms"},
        {"password: {env: 5}\n", "1:11 db.password: a secret is given by one of two forms"},
        {"password: {env: NONE}\n", "1:17 db.password: the environment variable NONE is not set"},
        {"password: {env: EMPTY}\n", "1:17 db.password: the environment variable EMPTY is empty"},
        {"password: {file: " + folder.at("none") + "}\n",
         "1:18 db.password: cannot read the secret file " + folder.at("none") + ": No such file or directory"},
        {"password: {file: " + folder.at(".") + "}\n", "1:18 db.password: " + folder.at(".") + " is no ordinary file"},
        {"password: {file: " + empty + "}\n", "1:18 db.password: the secret file " + empty + " is empty"},
        {"password: {file: " + binary + "}\n", "1:18 db.password: the secret file " + binary + " holds no UTF-8 text"},
        {"password: {file: " + large + "}\n", "1:18 db.password: " + large + " is longer than 64 KiB"},
    };
    for (const auto& [text, problem] : cases) {
        const Filled f(text);
        ASSERT_EQ(f.problems().size(), 1u) << text << f.printed();
        EXPECT_EQ(f.problems()[0], problem);
        EXPECT_NE(f.report.problems()[0].cure, "") << text;
        EXPECT_EQ(f.report.problems()[0].message.find("hunter"), std::string::npos);
        EXPECT_TRUE(f.login.password.empty());
    }
}

}  // namespace
}  // namespace cairn::core
