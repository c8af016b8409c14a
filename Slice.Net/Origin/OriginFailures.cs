using Slice.Core.Http;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>Turns what the pool throws into values. Pure.</summary>
internal static class OriginFailures
{
    /// <summary>Why there is no response head.</summary>
    /// <param name="error">What the pool threw, or the request body, when the client broke off.</param>
    /// <param name="endpoint">Where it happened.</param>
    /// <param name="connect">How long a connection may take.</param>
    /// <param name="firstByte">How long the head may take.</param>
    public static Failure Of(Exception error, OriginEndpoint endpoint, TimeSpan connect, TimeSpan firstByte) => error switch
    {
        // The pool reports its own connect timeout as a cancellation around a TimeoutException; what else was cancelled is our deadline.
        OperationCanceledException { InnerException: TimeoutException timeout } => NewFailure(
            FetchError.ConnectionTimeout,
            $"no connection to {endpoint.Name} within {connect.TotalSeconds:0.###} s"
                + (timeout.InnerException is OriginConnectException progress ? $": {progress.Message}" : ""),
            endpoint),
        OperationCanceledException =>
            NewFailure(
                FetchError.HttpResponseTimeout, $"no response head from {endpoint.Name} within {firstByte.TotalSeconds:0.###} s", endpoint),
        HttpRequestException { InnerException: OriginConnectException noConnection } => NoConnection(noConnection, endpoint),
        HttpRequestException request => NewFailure(
            KindOf(request), $"{endpoint.Name}: {request.InnerException?.Message ?? request.Message}", endpoint),
        _ => NewFailure(FetchError.ConnectionTerminated, error.Message, endpoint),
    };

    /// <summary>No connection, for a reason that the connector says.</summary>
    public static Failure NoConnection(OriginConnectException error, OriginEndpoint endpoint) =>
        error.Error == FetchError.DescriptorsExhausted
            ? NewFailure(FetchError.DescriptorsExhausted, $"no file descriptor for a connection to {endpoint.Name}", endpoint)
            : NewFailure(error.Error, $"{endpoint.Name}: {error.Message}", endpoint);

    /// <summary>No connection within <c>timeouts.connect</c>.</summary>
    /// <param name="progress">How far the connector had come; null when nobody knows.</param>
    /// <param name="endpoint">Where to.</param>
    /// <param name="connect">The timeout.</param>
    public static Failure NoConnectionInTime(Exception? progress, OriginEndpoint endpoint, TimeSpan connect) => NewFailure(
        FetchError.ConnectionTimeout,
        $"no connection to {endpoint.Name} within {connect.TotalSeconds:0.###} s" + (progress is null ? "" : $": {progress.Message}"),
        endpoint);

    /// <summary>No head within <c>timeouts.first_byte</c>.</summary>
    public static Failure NoHeadInTime(OriginEndpoint endpoint, TimeSpan firstByte) => NewFailure(
        FetchError.HttpResponseTimeout, $"no response head from {endpoint.Name} within {firstByte.TotalSeconds:0.###} s", endpoint);

    /// <summary>A connection that ended before the response head.</summary>
    public static Failure OfConnection(OriginEndpoint endpoint, string why) =>
        NewFailure(FetchError.ConnectionTerminated, $"{endpoint.Name}: {why}", endpoint);

    /// <summary>
    /// What it says about an address that no connection to it came to be: nothing where there was no socket to reach it by.
    /// </summary>
    public static OriginVerdict VerdictOfConnecting(FetchError error) =>
        error == FetchError.DescriptorsExhausted ? OriginVerdict.Unknown : OriginVerdict.Failed;

    /// <summary>A response head that two readers could take for different things.</summary>
    public static Failure InvalidResponse(OriginEndpoint endpoint, ResponseFault fault) =>
        NewFailure(FetchError.HttpProtocolError, $"{endpoint.Name}: {fault.GetReason()}", endpoint);

    /// <summary>
    /// What a failure says about the address it happened at. Nothing that a client does may let an address rest, so only these failures
    /// count: no connection; and while the address answers nobody, no head in time, or a new connection that ended without an answer (some
    /// servers hang up on what they do not like, nginx with <c>return 444</c>).
    /// </summary>
    /// <param name="error">What failed.</param>
    /// <param name="isConnectionUsedAgain">Whether an earlier request had used the connection.</param>
    public static OriginVerdict VerdictOf(FetchError error, bool isConnectionUsedAgain) => error switch
    {
        // The address answers; what it answers depends on what was asked.
        FetchError.HttpProtocolError => OriginVerdict.Unknown,

        // There was no socket to reach it by.
        FetchError.DescriptorsExhausted => OriginVerdict.Unknown,

        // Origin and pool disagree about how long a connection may be idle. A dead origin shows when the next request connects.
        FetchError.ConnectionTerminated when isConnectionUsedAgain => OriginVerdict.Unknown,
        FetchError.HttpResponseTimeout or FetchError.ConnectionTerminated => OriginVerdict.Silent,
        _ => OriginVerdict.Failed,
    };

    /// <summary>What is to be said after one more address has failed.</summary>
    public static Failure Join(Failure earlier, Failure latest) => !earlier.IsError
        ? latest
        : latest with
        {
            // If one of them may pass, so may the whole.
            Error = earlier.Error.IsRetryable() ? earlier.Error : latest.Error,
            Detail = $"{earlier.Detail}; {latest.Detail}",
        };

    private static FetchError KindOf(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError or HttpRequestError.ConfigurationLimitExceeded =>
            FetchError.HttpProtocolError,
        _ => FetchError.ConnectionTerminated,
    };

    private static Failure NewFailure(FetchError error, string detail, OriginEndpoint endpoint) =>
        new(error, detail) { Origin = endpoint.Name };
}
