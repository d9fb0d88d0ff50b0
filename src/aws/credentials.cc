#include "aws/credentials.h"

namespace blox::aws {
namespace {

// Both keys or none. `source` says where the names were looked up.
Result<std::optional<Credentials>> make_pair(const std::string& source, Credentials credentials,
                                             const char* id_name, const char* secret_name) {
  if (credentials.access_key_id.empty() && credentials.secret_access_key.empty()) {
    return std::optional<Credentials>{};
  }
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    const bool id_missing = credentials.access_key_id.empty();
    return fail(ErrorKind::kDenied, source + ": " + (id_missing ? secret_name : id_name) +
                                        " is set but " + (id_missing ? id_name : secret_name) +
                                        " is not; set both");
  }
  return std::optional{std::move(credentials)};
}

Result<std::optional<Credentials>> find_in_environment(const Environment& environment) {
  return make_pair("the environment",
                   {get_variable(environment, "AWS_ACCESS_KEY_ID"),
                    get_variable(environment, "AWS_SECRET_ACCESS_KEY"),
                    get_variable(environment, "AWS_SESSION_TOKEN")},
                   "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
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
  return make_pair(
      "profile '" + profile + "'",
      {value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token")},
      "aws_access_key_id", "aws_secret_access_key");
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
  const std::string source = "profile '" + profile + "'";
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
              "to a profile with aws_access_key_id and aws_secret_access_key (profile '" +
                  profile + "' has them neither in '" + credentials_path(environment) +
                  "' nor in '" + config_path(environment) + "')");
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
