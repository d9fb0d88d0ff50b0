#include "aws/credentials.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace blox::aws {
namespace {

// What the three are called where they are looked up; `source` says where that is.
struct Names {
  std::string source;
  const char* id;
  const char* secret;
  const char* token;
};

// Nothing that signs a request holds blanks or line ends: they come from a file or a shell, and the
// answer of AWS would be that the key is unknown.
Status check_text(const Names& names, const char* name, const std::string& value) {
  const bool fits =
      std::ranges::all_of(value, [](char letter) { return letter > ' ' && letter < 0x7f; });
  if (fits) return done();
  return fail(ErrorKind::kDenied, names.source + ": " + name +
                                      " holds a blank, a line end or a letter beyond ASCII, at "
                                      "its end perhaps; set it without");
}

// Both keys or none.
Result<std::optional<Credentials>> make_pair(const Names& names, Credentials credentials) {
  const auto& [id, secret, token] = credentials;
  if (id.empty() && secret.empty()) return std::optional<Credentials>{};
  if (id.empty() || secret.empty()) {
    return fail(ErrorKind::kDenied, names.source + ": " + (id.empty() ? names.secret : names.id) +
                                        " is set but " + (id.empty() ? names.id : names.secret) +
                                        " is not; set both");
  }
  const std::pair<const char*, const std::string*> texts[] = {
      {names.id, &id}, {names.secret, &secret}, {names.token, &token}};
  for (const auto& [name, text] : texts) {
    if (const Status checked = check_text(names, name, *text); !checked) {
      return std::unexpected(checked.error());
    }
  }
  return std::optional{std::move(credentials)};
}

Result<std::optional<Credentials>> find_in_environment(const Environment& environment) {
  // The older name goes first. Source: botocore/credentials.py, EnvProvider.
  const bool is_old = !get_variable(environment, "AWS_SECURITY_TOKEN").empty();
  const Names names{"the environment", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                    is_old ? "AWS_SECURITY_TOKEN" : "AWS_SESSION_TOKEN"};
  return make_pair(names,
                   {get_variable(environment, names.id), get_variable(environment, names.secret),
                    get_variable(environment, names.token)});
}

// One section holds all three values: a token of another file would not belong to the keys.
Result<std::optional<Credentials>> find_in_section(const IniSections& sections,
                                                   const std::string& profile) {
  const auto section = sections.find(profile);
  if (section == sections.end()) return std::optional<Credentials>{};
  const auto value = [&](const char* key) {
    const auto found = section->second.find(key);
    return found == section->second.end() ? std::string{} : found->second;
  };
  const bool is_old = section->second.contains("aws_security_token");
  const Names names{"profile " + quote(profile), "aws_access_key_id", "aws_secret_access_key",
                    is_old ? "aws_security_token" : "aws_session_token"};
  return make_pair(names, {value(names.id), value(names.secret), value(names.token)});
}

std::string place_of(const std::string& path, const char* usual) {
  return path.empty() ? usual : "'" + path + "'";
}

bool has_key(const SharedFiles& files, const std::string& profile, const char* key) {
  return !get_profile_value(files, profile, key).empty();
}

std::unexpected<Error> unsupported(const std::string& source, const std::string& key) {
  return fail(ErrorKind::kDenied,
              source + ": " + key +
                  " is set, which is not supported yet; set AWS_ACCESS_KEY_ID and "
                  "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile with keys alone");
}

// What stands before the keys of a profile to every tool for AWS: with the keys we would be
// somebody else than we were meant to be.
Result<std::optional<Credentials>> find_in_files(const SharedFiles& files,
                                                 const std::string& profile) {
  const std::string source = "profile " + quote(profile);
  for (const char* key : {"role_arn", "web_identity_token_file", "sso_session", "sso_start_url",
                          "sso_account_id", "sso_role_name"}) {
    if (has_key(files, profile, key)) return unsupported(source, key);
  }
  auto found = find_in_section(files.credentials, profile);
  if (!found || *found) return found;
  if (has_key(files, profile, "credential_process")) {
    return unsupported(source, "credential_process");
  }
  return find_in_section(files.config, profile);
}

}  // namespace

Async<Result<Credentials>> StaticCredentials::get() { co_return credentials_; }

Result<Credentials> choose_credentials(const Environment& environment, const SharedFiles& files) {
  auto found = find_in_environment(environment);
  if (!found) return std::unexpected(found.error());
  if (*found) return std::move(**found);
  if (!get_variable(environment, "AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
    return unsupported("the environment", "AWS_WEB_IDENTITY_TOKEN_FILE");
  }
  const std::string profile = profile_name(environment);
  found = find_in_files(files, profile);
  if (!found) return std::unexpected(found.error());
  if (*found) return std::move(**found);

  return fail(ErrorKind::kDenied,
              "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE "
              "to a profile with aws_access_key_id and aws_secret_access_key (profile " +
                  quote(profile) + " has them neither in " +
                  place_of(credentials_path(environment), "~/.aws/credentials") + " nor in " +
                  place_of(config_path(environment), "~/.aws/config") + missing_home(environment) +
                  ")");
}

Async<Result<Credentials>> SharedCredentials::get() {
  if (!get_variable(environment_, "AWS_ACCESS_KEY_ID").empty()) {
    co_return choose_credentials(environment_, SharedFiles{});  // No file has a say.
  }
  if (!cached_ || stamp_ != stamp_of_files(environment_)) {
    const auto files = load_shared_files(environment_);
    // A file that cannot be read is tried again at each call: nothing else would notice the repair.
    if (!files) co_return files.error_in("AWS credentials");
    stamp_ = files->stamp;
    cached_ = choose_credentials(environment_, *files);
  }
  co_return *cached_;
}

void SharedCredentials::on_refused(const Credentials& credentials) {
  // Those that were refused may have been replaced already by a call that ran beside.
  if (cached_ && *cached_ && **cached_ == credentials) cached_.reset();
}

}  // namespace blox::aws
