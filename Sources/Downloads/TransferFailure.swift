import CCurl
import Glibc
import SystemPackage

/// Says in words why libcurl gave up, and whether another try may help.
struct TransferFailure {
  let code: CURLcode
  let systemCode: CInt
  let isConnected: Bool
  let received: Int64
  let limits: DownloadLimits

  var ending: Transfer.Ending {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST: return .permanent("there is no host of that name")
    case CURLE_COULDNT_RESOLVE_PROXY: return .permanent("the proxy's host name does not resolve")
    case CURLE_COULDNT_CONNECT:
      let why = systemCode == 0 ? "no connection" : Errno(rawValue: systemCode).description
      return .permanent(why.prefix(1).lowercased() + why.dropFirst())
    case CURLE_OPERATION_TIMEDOUT where !isConnected:
      return .temporary(
        "no connection within \(limits.connect)", retryAfter: nil, isConnecting: true)
    case CURLE_OPERATION_TIMEDOUT:
      return temporary(
        "it stalled: less than \(limits.slowestRate) bytes a second for \(limits.stall)")
    case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
      return temporary("the connection was cut after \(received) bytes")
    case CURLE_GOT_NOTHING: return temporary("it closed the connection without an answer")
    case CURLE_PEER_FAILED_VERIFICATION:
      return .permanent("its certificate is not one that this machine trusts")
    case CURLE_FILE_COULDNT_READ_FILE:
      return .permanent("there is no such file, or it cannot be read")
    case CURLE_URL_MALFORMAT: return .permanent("the URL is malformed")
    default: return .permanent(String(cString: curl_easy_strerror(code)))
    }
  }

  private func temporary(_ text: String) -> Transfer.Ending {
    .temporary(text, retryAfter: nil, isConnecting: false)
  }
}

/// "the server answered 404 Not Found".
func statusText(_ status: Int) -> String {
  let phrases = [
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
    416: "Range Not Satisfiable", 429: "Too Many Requests", 451: "Unavailable For Legal Reasons",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout",
  ]
  let phrase = phrases[status].map { " \($0)" } ?? ""
  let hint = status == 401 ? "; put a user name and a password for it into ~/.netrc" : ""
  return "the server answered \(status)\(phrase)\(hint)"
}
