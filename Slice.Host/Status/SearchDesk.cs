using Slice.Core.Objects;
using Slice.Net.Exchange;

namespace Slice.Host.Status;

/// <summary>
/// Searches of objects, one at a time, on a thread of their own: a search looks at every object, and no connection may wait behind that.
/// Thread-safe.
/// </summary>
/// <param name="search">The search.</param>
internal sealed class SearchDesk(ObjectSearch search) : IDisposable
{
    /// <summary>Most objects that a search finds. Arbitrary: what a person can read through.</summary>
    public const int MaxFound = 50;

    // As long as somebody waits for an answer; some four million objects. Arbitrary.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private int _isTaken;

    /// <summary>Looks for objects whose host and target contain the text; null when another search is under way.</summary>
    public async Task<FoundObjects?> TryFindAsync(string text)
    {
        if (Interlocked.Exchange(ref _isTaken, 1) == 1)
        {
            return null;
        }

        try
        {
            byte[] part = QueryText.ToKeyBytes(text);
            var stopping = _stopping.Token;
            return await Task.Factory.StartNew(
                () => search.Find(part, MaxFound, s_longest, stopping),
                CancellationToken.None,
                TaskCreationOptions.LongRunning | TaskCreationOptions.RunContinuationsAsynchronously,
                TaskScheduler.Default);
        }
        finally
        {
            Volatile.Write(ref _isTaken, 0);
        }
    }

    /// <summary>Answers <c>/api/objects?q=</c>.</summary>
    public async ValueTask ServeAsync(HttpExchange exchange, StatusSources sources)
    {
        string text = QueryText.ArgumentOf(exchange.Head.Target.PathAndQuery, "q") ?? "";
        var found = await TryFindAsync(text);
        if (found is null)
        {
            await ErrorResponder.WriteErrorAsync(exchange, 503, "another search is under way: repeat it");
            return;
        }

        var json = StatusJson.Write(part => ObjectsPart.Write(part, sources, text, found));
        await StatusResponder.WriteJsonAsync(exchange, json.WrittenMemory);
    }

    /// <summary>Ends a search that is under way.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }
}
