//! HTTP, by `ureq`.

use platform::{Done, Fault, OutsideError};
use std::time::Duration;

/// A document that has not come by then does not come.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn get(url: &str, headers: &[(String, String)], most: usize) -> Result<Done, OutsideError> {
    // Redirections are the caller's business: it decides where a program may go. So is the choice of a proxy.
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .build();
    let mut request = ureq::Agent::new_with_config(config).get(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut answer = request.call().map_err(|error| failed(&error))?;
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
    let location = location.unwrap_or_default().to_string();
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(most as u64).read_to_vec();
    let body = body.map_err(|error| failed(&error))?;
    Ok(Done::Document { status, location, body })
}

fn failed(error: &ureq::Error) -> OutsideError {
    let fault = match error {
        ureq::Error::Io(error) => return super::error::outside(error),
        ureq::Error::HostNotFound => Fault::UnknownName,
        ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed => Fault::Unreachable,
        ureq::Error::BodyExceedsLimit(_) => Fault::TooLarge,
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Fault::Invalid,
        _ => Fault::Other,
    };
    OutsideError::new(fault, error.to_string())
}
