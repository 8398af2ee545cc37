//! What each role may do: pure.

use actix_web::http::Method;
use wire::Role;

/// Whether somebody of this role may make this call; `path` is what stands behind `/api/v1`.
///
/// | | viewer | operator | administrator |
/// |---|---|---|---|
/// | see channels, alarms, history | yes | yes | yes |
/// | see stream keys; change channels; drills; dismiss alarms | | yes | yes |
/// | certificates, users, audit log | | | yes |
#[must_use]
pub fn may(role: Role, method: &Method, path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let needed = match first {
        "users" | "audit" => Role::Administrator,
        "tls" if !method.is_safe() => Role::Administrator,
        _ if !method.is_safe() || path.ends_with("/key") => Role::Operator,
        _ => Role::Viewer,
    };
    rank(role) >= rank(needed)
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Viewer => 0,
        Role::Operator => 1,
        Role::Administrator => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_table_says() {
        let least = [
            ("GET", "/channels", Role::Viewer),
            ("GET", "/channels/hall", Role::Viewer),
            ("GET", "/events", Role::Viewer),
            ("GET", "/history", Role::Viewer),
            ("GET", "/tls", Role::Viewer),
            ("GET", "/channels/hall/key", Role::Operator),
            ("GET", "/channels/hall/sources/1/key", Role::Operator),
            ("POST", "/channels", Role::Operator),
            ("DELETE", "/channels/hall", Role::Operator),
            ("PUT", "/channels/hall/slate", Role::Operator),
            ("POST", "/channels/hall/tokens", Role::Operator),
            ("POST", "/channels/hall/drill", Role::Operator),
            ("DELETE", "/alarms/settings-restored", Role::Operator),
            ("PUT", "/tls", Role::Administrator),
            ("DELETE", "/tls", Role::Administrator),
            ("GET", "/users", Role::Administrator),
            ("GET", "/audit", Role::Administrator),
            ("POST", "/users", Role::Administrator),
            ("PUT", "/users/ada/password", Role::Administrator),
        ];
        for (method, path, least) in least {
            for role in [Role::Viewer, Role::Operator, Role::Administrator] {
                let allowed = may(role, &Method::from_bytes(method.as_bytes()).unwrap(), path);
                assert_eq!(allowed, rank(role) >= rank(least), "{role:?} {method} {path}");
            }
        }
    }
}
