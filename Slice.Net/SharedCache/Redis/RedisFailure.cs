using System.Security.Authentication;
using Slice.Core.SharedCache;
using StackExchange.Redis;

namespace Slice.Net.SharedCache.Redis;

/// <summary>What went wrong with Redis, in words for an operator.</summary>
internal static class RedisFailure
{
    /// <summary>Whether an exception is one of the library's that says that an operation was not carried out.</summary>
    /// <remarks>Its cancellations are such: nobody who asked it can cancel anything.</remarks>
    public static bool IsOne(Exception error) =>
        error is RedisException or RedisTimeoutException or RedisCommandException or ObjectDisposedException or OperationCanceledException
            or InvalidDataException;

    /// <summary>The exception for callers.</summary>
    /// <param name="error">The library's.</param>
    /// <param name="name">The store's name.</param>
    /// <param name="lastFailure">What the last connection failed of, for an operation that found none; null when unknown.</param>
    public static KeyValueStoreException Create(Exception error, string name, Exception? lastFailure = null) =>
        new($"{name}: {Describe(error, lastFailure)}", error) { IsAway = IsAway(error) };

    /// <summary>Whether no server has answered anything.</summary>
    private static bool IsAway(Exception error) => error is RedisConnectionException or RedisTimeoutException or ObjectDisposedException;

    private static string Describe(Exception error, Exception? lastFailure) => error switch
    {
        RedisServerException refusal => DescribeRefusal(refusal),
        RedisConnectionException { FailureType: ConnectionFailureType.UnableToResolvePhysicalConnection } =>
            DescribeConnection(lastFailure ?? error),
        RedisConnectionException => DescribeConnection(error),
        RedisTimeoutException => "no answer",
        ObjectDisposedException or OperationCanceledException => "the connection is closed",
        _ => error.Message,
    };

    private static string DescribeRefusal(RedisServerException refusal) => refusal.Kind switch
    {
        RedisErrorKind.OutOfMemory => "is full and evicts nothing (maxmemory-policy): " + refusal.Message,
        RedisErrorKind.NoPermission => "the user lacks a right (ACL): " + refusal.Message,
        RedisErrorKind.NoAuth => "asks for a password: " + refusal.Message,
        RedisErrorKind.WrongPass => "wrong user or password: " + refusal.Message,
        RedisErrorKind.ReadOnly => "is a replica that takes no writes: " + refusal.Message,
        RedisErrorKind.ClusterDown => "the cluster is incomplete: " + refusal.Message,
        RedisErrorKind.Moved or RedisErrorKind.Ask => "the cluster moved the key: " + refusal.Message,
        RedisErrorKind.Loading => "is starting: " + refusal.Message,
        _ => refusal.Message,
    };

    /// <summary>Why there is no connection, in words.</summary>
    /// <remarks>
    /// The library wraps the cause, a refused connection say, in layers that speak of its own state. It cancels an attempt whose time is
    /// over.
    /// </remarks>
    public static string DescribeConnection(Exception error)
    {
        Exception cause = error;
        while (cause.InnerException is { } inner)
        {
            cause = inner;
        }

        return cause is KeyValueStoreException ? cause.Message
            : cause is AuthenticationException ? "TLS: " + cause.Message
            : cause is OperationCanceledException ? $"no connection within {RedisConfiguration.ConnectTimeoutMs / 1000} s"
            : IsRefusedLogin(cause.Message) ? "wrong user or password: " + cause.Message
            : "no connection: " + cause.Message;
    }

    // What a server says of it comes inside of a plain Exception.
    private static bool IsRefusedLogin(string message) =>
        message.Contains("WRONGPASS", StringComparison.Ordinal) || message.Contains("NOAUTH", StringComparison.Ordinal);
}
