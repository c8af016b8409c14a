using System.Collections.Concurrent;
using System.Threading.Channels;
using Slice.Core.Origin;
using Subrequest = Slice.Core.Origin.OriginRequest;

namespace Slice.Tests.Support;

/// <summary>
/// An origin without sockets: keeps every request, and answers at once by <see cref="Answer"/>, or when the test, which takes
/// requests by <see cref="NextAsync"/>, says so. Thread-safe.
/// </summary>
internal sealed class FakeOriginClient : IOriginClient
{
    private readonly ConcurrentQueue<Subrequest> _requests = new();
    private readonly Channel<FakeOriginExchange> _waiting = Channel.CreateUnbounded<FakeOriginExchange>();

    /// <summary>Answers without waiting; null leaves it to <see cref="NextAsync"/>.</summary>
    public Func<Subrequest, OriginResult>? Answer { get; set; }

    /// <summary>Every request so far.</summary>
    public IReadOnlyList<Subrequest> Requests => [.. _requests];

    /// <summary>Whether a request waits that the test has not taken.</summary>
    public bool HasWaiting => _waiting.Reader.TryPeek(out _);

    /// <inheritdoc/>
    public ValueTask<OriginResult> SendAsync(Subrequest request, CancellationToken ct)
    {
        _requests.Enqueue(request);
        if (Answer is { } answer)
        {
            var result = answer(request);
            (result.Response as FakeOriginResponse)?.Bind(ct);
            return new(result);
        }

        var exchange = new FakeOriginExchange(request);
        Assert.True(_waiting.Writer.TryWrite(exchange));
        return WaitAsync(exchange, request.Abandoned, ct);
    }

    /// <summary>The next request that waits for its answer.</summary>
    public Task<FakeOriginExchange> NextAsync() =>
        Deadline.WithinAsync(_waiting.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask(), "the next subrequest");

    private static async ValueTask<OriginResult> WaitAsync(FakeOriginExchange exchange, CancellationToken abandoned, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(abandoned, ct);
        var result = await exchange.Result.WaitAsync(either.Token);
        (result.Response as FakeOriginResponse)?.Bind(ct);
        return result;
    }
}

/// <summary>One request at a <see cref="FakeOriginClient"/> that waits for its answer.</summary>
internal sealed class FakeOriginExchange(Subrequest request)
{
    private readonly TaskCompletionSource<OriginResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was asked.</summary>
    public Subrequest Request { get; } = request;

    /// <summary>The answer.</summary>
    public Task<OriginResult> Result => _result.Task;

    /// <summary>Answers; gives the response back for sending its body.</summary>
    public FakeOriginResponse Respond(FakeOriginResponse response)
    {
        _result.SetResult(new OriginResult(response, Failure.None));
        return response;
    }

    /// <summary>Answers with the head of a 206 for exactly what was asked of <paramref name="content"/>.</summary>
    public FakeOriginResponse RespondPartial(FakeContent content) => Respond(content.Head(Request));

    /// <summary>Answers with all of what was asked of <paramref name="content"/>.</summary>
    public FakeOriginResponse RespondWhole(FakeContent content) => Respond(content.Whole(Request));

    /// <summary>Fails without a response.</summary>
    public void Fail(FetchError error) => _result.SetResult(new OriginResult(null, new Failure(error)));
}

/// <summary>An object of the fake origin, of literal text, so that every boundary can be seen.</summary>
internal sealed record FakeContent(string Text, params string[] FieldLines)
{
    /// <summary>16 bytes, each its own position, with a strong entity tag.</summary>
    public static FakeContent Sixteen { get; } = new("0123456789abcdef", "ETag: \"v1\"");

    /// <summary>The head of an honest 206 for a request; the test sends the body.</summary>
    public FakeOriginResponse Head(Subrequest request)
    {
        var (start, end) = Clip(request);
        return new FakeOriginResponse(
            206, [.. FieldLines, $"Content-Range: bytes {start}-{end - 1}/{Text.Length}", $"Content-Length: {end - start}"]);
    }

    /// <summary>An honest 206 with its body.</summary>
    public FakeOriginResponse Whole(Subrequest request)
    {
        var (start, end) = Clip(request);
        return Head(request).Send(Text[start..end]).End();
    }

    /// <summary>As <see cref="Whole"/>, as the result of <see cref="FakeOriginClient.Answer"/>.</summary>
    public OriginResult Result(Subrequest request) => new(Whole(request), Failure.None);

    private (int Start, int End) Clip(Subrequest request) =>
        ((int)request.Range!.Value.Start, (int)Math.Min(request.Range.Value.End, Text.Length));
}
