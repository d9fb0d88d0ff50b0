#include "aws/endpoints.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/text.h"
#include "http/endpoint.h"

namespace blox::aws {
namespace {

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                  letter == '-';
         });
}

std::string to_upper(std::string_view text) {
  std::string upper{text};
  std::ranges::transform(upper, upper.begin(), [](unsigned char letter) {
    return static_cast<char>(std::toupper(letter));
  });
  return upper;
}

// Signing leaves the path as it is, so one that a server would simplify is refused; a user would
// have to be signed as well.
Result<std::string> check_url(const std::string& url, const std::string& source) {
  auto parsed = http::parse_endpoint(url, {.needs_scheme = true, .takes_user = false});
  if (!parsed) return fail(parsed.error().kind, source + " is " + parsed.error().message);
  return parsed;
}

std::string find_in_section(const IniSections& sections, const std::string& name,
                            const std::string& key) {
  const auto section = sections.find(name);
  if (section == sections.end()) return {};
  const auto value = section->second.find(key);
  return value == section->second.end() ? std::string{} : value->second;
}

// The configured URL and where it stands, by the order of precedence; empty text if none is.
std::pair<std::string, std::string> find_configured(const Environment& environment,
                                                    const SharedFiles& files,
                                                    const std::string& service) {
  for (const std::string& name :
       {"AWS_ENDPOINT_URL_" + to_upper(service), std::string{"AWS_ENDPOINT_URL"}}) {
    if (std::string url = get_variable(environment, name); !url.empty()) return {url, name};
  }
  const std::string profile = profile_name(environment);
  const std::string services = find_in_section(files.config, profile, "services");
  if (!services.empty()) {
    const std::string section = "services " + services;
    if (std::string url = find_in_section(files.config, section, service + ".endpoint_url");
        !url.empty()) {
      return {url, "endpoint_url of " + service + " in section [" + section + "]"};
    }
  }
  return {find_in_section(files.config, profile, "endpoint_url"),
          "endpoint_url of profile '" + profile + "'"};
}

bool ignores_configured(const Environment& environment, const SharedFiles& files) {
  std::string value = get_variable(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (value.empty()) {
    value =
        find_in_section(files.config, profile_name(environment), "ignore_configured_endpoint_urls");
  }
  return to_upper(value) == "TRUE";
}

}  // namespace

Result<std::string> choose_region(const Environment& environment, const SharedFiles& files) {
  const std::string profile = profile_name(environment);
  const std::array<std::pair<std::string, std::string>, 3> sources{{
      {"AWS_REGION", get_variable(environment, "AWS_REGION")},
      {"AWS_DEFAULT_REGION", get_variable(environment, "AWS_DEFAULT_REGION")},
      {"region of profile '" + profile + "'", get_profile_value(files, profile, "region")},
  }};
  for (const auto& [source, region] : sources) {
    if (region.empty()) continue;
    if (is_region(region)) return region;
    return fail(ErrorKind::kInvalid, source + " is " + quote(region) +
                                         ", which is no region; allowed are letters a to z, "
                                         "digits and '-', as in eu-west-1");
  }
  return fail(ErrorKind::kInvalid, "no AWS region: set AWS_REGION, or region in profile " +
                                       quote(profile) + missing_home(environment));
}

Result<std::string> choose_endpoint(const Environment& environment, const SharedFiles& files,
                                    const std::string& service, const std::string& region) {
  if (!ignores_configured(environment, files)) {
    auto [url, source] = find_configured(environment, files, service);
    if (!url.empty()) return check_url(url, source);
  }
  return "https://" + service + "." + region + "." + std::string{dns_suffix(region)};
}

// Source: botocore/data/partitions.json.
std::string_view dns_suffix(std::string_view region) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kByPrefix{{
      {"cn-", "amazonaws.com.cn"},
      {"us-iso-", "c2s.ic.gov"},
      {"us-isob-", "sc2s.sgov.gov"},
      {"us-isof-", "csp.hci.ic.gov"},
      {"eu-isoe-", "cloud.adc-e.uk"},
      {"eusc-", "amazonaws.eu"},
  }};
  for (const auto& [prefix, suffix] : kByPrefix) {
    if (region.starts_with(prefix)) return suffix;
  }
  return "amazonaws.com";
}

}  // namespace blox::aws
