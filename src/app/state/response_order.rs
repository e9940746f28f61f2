//! Responses to the same request may arrive in another order than that of their requests.

/// Numbers requests, and finds the responses that are older than what is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResponseOrder {
    /// Number of the last request.
    sent: u64,
    /// Number of the latest request whose response was applied.
    applied: u64,
}

impl ResponseOrder {
    /// The number of a new request.
    pub fn begin(&mut self) -> u64 {
        self.sent += 1;
        self.sent
    }

    /// True if the response to this request may be applied: none of a later request was.
    pub fn apply(&mut self, request: u64) -> bool {
        let is_newer = request > self.applied;
        if is_newer {
            self.applied = request;
        }
        is_newer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_not_applied_after_that_of_a_later_request() {
        let mut order = ResponseOrder::default();
        let (first, second, third) = (order.begin(), order.begin(), order.begin());
        assert_eq!([second, first, third, second].map(|request| order.apply(request)), [true, false, true, false]);
    }
}
