#include "http/admission.h"

#include <string>
#include <utility>

#include "base/text.h"

namespace blox::http {
namespace {

using HostsPtr = std::shared_ptr<const AllowedHosts>;

std::string_view host_of(const Request& head) {
  return find_header(head.headers, "Host").value_or("");
}

// Calls `use` with each value of `name` until it returns false. True when it never did.
template <class Use>
bool holds_for_each(const Request& head, std::string_view name, Use use) {
  for (const auto& [key, value] : head.headers) {
    if (is_same_name(key, name) && !use(std::string_view{value})) return false;
  }
  return true;
}

class HostRule final : public AdmissionRule {
 public:
  explicit HostRule(HostsPtr allowed) : allowed_(std::move(allowed)) {}
  std::optional<Response> refuse(const Request& head) const override {
    const auto host = find_header(head.headers, "Host");
    // HTTP/1.0 alone comes without, which no browser speaks.
    if (!host || allowed_->takes_host(*host)) return std::nullopt;
    return make_text(403,
                     "The header Host says " + quote(*host) +
                         ", which is no name of this server: allowed are IP addresses, names "
                         "without a dot, the machine's own names, and those that it is started "
                         "with: --allowed-host NAME");
  }

 private:
  HostsPtr allowed_;
};

class OriginRule final : public AdmissionRule {
 public:
  explicit OriginRule(HostsPtr allowed) : allowed_(std::move(allowed)) {}
  std::optional<Response> refuse(const Request& head) const override {
    std::string_view foreign;
    const bool all_ours = holds_for_each(head, "Origin", [&](std::string_view origin) {
      foreign = origin;
      return allowed_->takes_origin(origin, host_of(head));
    });
    if (all_ours) return std::nullopt;
    return make_text(
        403, "A page of " + quote(foreign) +
                 " may not ask this server: allowed are pages of this server, of "
                 "loopback names, and of hosts that it is started with: --allowed-host NAME");
  }

 private:
  HostsPtr allowed_;
};

// Source: W3C, Fetch Metadata Request Headers.
class FetchSiteRule final : public AdmissionRule {
 public:
  explicit FetchSiteRule(HostsPtr allowed) : allowed_(std::move(allowed)) {}
  std::optional<Response> refuse(const Request& head) const override {
    const bool is_own = holds_for_each(head, "Sec-Fetch-Site", [](std::string_view site) {
      return is_same_name(site, "same-origin") || is_same_name(site, "none");
    });
    if (is_own || follows_link(head)) return std::nullopt;
    // Not let in is its rule's to refuse; here it is enough that there is one.
    const auto origin = find_header(head.headers, "Origin");
    if (origin && allowed_->takes_origin(*origin, host_of(head))) return std::nullopt;
    return make_text(403,
                     "The browser says that a page of another site asks (Sec-Fetch-Site): only "
                     "pages of this server may, and of hosts that it is started with: "
                     "--allowed-host NAME");
  }

 private:
  // A frame within another page navigates, too: it is not what a person asked for.
  static bool follows_link(const Request& head) {
    const auto mode = find_header(head.headers, "Sec-Fetch-Mode");
    const auto what = find_header(head.headers, "Sec-Fetch-Dest").value_or("document");
    const bool is_ahead = find_header(head.headers, "Sec-Purpose").has_value();  // Prefetched.
    return head.method == "GET" && mode && is_same_name(*mode, "navigate") &&
           is_same_name(what, "document") && !is_ahead;
  }
  HostsPtr allowed_;
};

}  // namespace

std::unique_ptr<AdmissionRule> make_host_rule(HostsPtr allowed) {
  return std::make_unique<HostRule>(std::move(allowed));
}
std::unique_ptr<AdmissionRule> make_origin_rule(HostsPtr allowed) {
  return std::make_unique<OriginRule>(std::move(allowed));
}
std::unique_ptr<AdmissionRule> make_fetch_site_rule(HostsPtr allowed) {
  return std::make_unique<FetchSiteRule>(std::move(allowed));
}

std::expected<Principal, Response> Admission::admit(const Request& head, const Route& route) const {
  if (route.is_open) return Principal{};
  for (const auto& rule : rules_) {
    if (auto refusal = rule->refuse(head)) return std::unexpected{*std::move(refusal)};
  }
  return Principal{};
}

Admission make_admission(HostsPtr allowed) {
  Admission admission;
  admission.add(make_host_rule(allowed));
  admission.add(make_origin_rule(allowed));
  admission.add(make_fetch_site_rule(allowed));
  return admission;
}

}  // namespace blox::http
