using Slice.Core.Options;
using Slice.Core.SharedCache;
using StackExchange.Redis;

namespace Slice.Net.SharedCache.Redis;

/// <summary>
/// One multiplexer of StackExchange.Redis: one connection to each server that is needed, made when the first caller asks and made again
/// whenever it is lost. Thread-safe.
/// </summary>
/// <remarks>
/// The library connects again by itself once it is connected, or has found nobody there. It gives up where it cannot begin: no sentinel
/// knows the primary, a file of certificates is missing. Such beginnings are tried again here.
/// </remarks>
/// <param name="options">Where and how.</param>
/// <param name="name">The store's name, for messages.</param>
/// <param name="time">The clock.</param>
/// <param name="connected">Called once, with the multiplexer; operations do not wait for its end.</param>
internal sealed class RedisConnection(
    SharedCacheOptions options, string name, TimeProvider time, Func<ConnectionMultiplexer, CancellationToken, Task> connected)
    : IAsyncDisposable
{
    // As the library does for connections that were lost (RedisConfiguration).
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _firstTry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RedisAttempts _attempts = new(time);
    private volatile Task? _connecting;
    private volatile ConnectionMultiplexer? _multiplexer;
    private volatile string? _split;

    /// <summary>
    /// Called when an attempt to connect to a server has ended, with the multiplexer as far as there is one; null for nobody.
    /// </summary>
    public Action<ConnectionMultiplexer?, ConnectionAttemptCompletedEventArgs>? Attempted { get; init; }

    /// <summary>Begins to connect, if that has not begun; nobody waits for it.</summary>
    public void Begin()
    {
        if (_connecting is not null)
        {
            return;
        }

        lock (_lock)
        {
            _connecting ??= Task.Run(ConnectAsync, CancellationToken.None);
        }
    }

    /// <summary>The multiplexer. Waits for the first attempt to connect, for no other.</summary>
    /// <exception cref="KeyValueStoreException">There is no connection.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public ValueTask<ConnectionMultiplexer> MultiplexerAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return _multiplexer is { } multiplexer && _split is null ? new(multiplexer) : MultiplexerSlowAsync(ct);
    }

    /// <summary>Waits for an answer, as long as the caller likes.</summary>
    /// <exception cref="KeyValueStoreException">Another answer, or none.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled. The operation goes on.</exception>
    public async ValueTask<T> AnswerAsync<T>(Task<T> operation, CancellationToken ct)
    {
        try
        {
            return await operation.WaitAsync(ct);
        }
        catch (Exception error) when (RedisFailure.IsOne(error) && !(error is OperationCanceledException && ct.IsCancellationRequested))
        {
            throw Explain(error);
        }
    }

    /// <summary>The exception for callers of a failure of the library.</summary>
    public KeyValueStoreException Explain(Exception error) =>
        error is RedisConnectionException && _multiplexer?.GetServers() is { } servers && servers.Any(server => server.IsConnected)
            && servers.All(server => server.IsReplica || !server.IsConnected)
            ? new KeyValueStoreException($"{name}: is a replica that takes no writes; no primary is connected", error)
            : RedisFailure.Create(error, name, _attempts.LastFailure);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task? connecting;
        lock (_lock)
        {
            connecting = _connecting ??= Task.CompletedTask;
        }

        await _closing.CancelAsync();
        _firstTry.TrySetResult();
        await connecting;
        if (_multiplexer is { } multiplexer)
        {
            await multiplexer.CloseAsync(allowCommandsToComplete: false);
            await multiplexer.DisposeAsync();
        }

        _closing.Dispose();
    }

    private async ValueTask<ConnectionMultiplexer> MultiplexerSlowAsync(CancellationToken ct)
    {
        Begin();
        await _firstTry.Task.WaitAsync(ct);
        return _split is { } split ? throw new KeyValueStoreException(split)
            : _multiplexer ?? throw Explain(_attempts.LastFailure ?? new ObjectDisposedException(name));
    }

    // The library writes to the first of several primaries. Instances that list them in another order, or do not reach that one, would
    // write to another, and each would think that all others hear. Sentinels say which one it is.
    private void Compare(ConnectionMultiplexer multiplexer)
    {
        string[] primaries =
        [
            .. multiplexer.GetServers()
                .Where(static server => server is { IsConnected: true, IsReplica: false, ServerType: ServerType.Standalone })
                .Select(static server => server.EndPoint.ToString()!),
        ];
        _split = primaries.Length < 2 || options.Sentinel is not null ? null
            : $"{name}: {string.Join(" and ", primaries)} are primaries of their own and no cluster; shared_cache.address names one " +
                "server, a primary with its replicas, the nodes of a cluster, or the sentinels of shared_cache.sentinel";
    }

    private async Task ConnectAsync()
    {
        while (!_closing.IsCancellationRequested && !await TryConnectAsync())
        {
            await Task.Delay(s_pause, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TryConnectAsync()
    {
        try
        {
            var configuration = RedisConfiguration.Create(options);
            configuration.ConnectionAttemptCompleted += (_, attempt) =>
            {
                _attempts.Ended(attempt);
                Attempted?.Invoke(_multiplexer, attempt);
            };
            _attempts.Begin();
            var multiplexer = await ConnectionMultiplexer.ConnectAsync(configuration);
            multiplexer.ConnectionFailed += (_, failure) => _attempts.Lost(failure.Exception);
            multiplexer.ConnectionFailed += (_, _) => Compare(multiplexer);
            multiplexer.ConnectionRestored += (_, _) => Compare(multiplexer);
            multiplexer.ConfigurationChanged += (_, _) => Compare(multiplexer);
            Compare(multiplexer);
            _multiplexer = multiplexer;
            if (!multiplexer.IsConnected)
            {
                // Whoever waits for the first try is told why it failed.
                await _attempts.FirstEndedAsync(_closing.Token);
            }

            _firstTry.TrySetResult();
            await connected(multiplexer, _closing.Token);
            return true;
        }
        catch (Exception error) when (RedisFailure.IsOne(error))
        {
            // With a multiplexer it is the subscription that found no connection, and the attempts know why.
            bool isMade = _multiplexer is not null;
            _attempts.Failed(isMade ? null : error);
            return isMade;
        }
        finally
        {
            _firstTry.TrySetResult();
        }
    }
}
