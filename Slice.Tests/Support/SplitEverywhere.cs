namespace Slice.Tests.Support;

/// <summary>
/// Gives a parser the same bytes in every way a connection may: whole, cut in two at every offset, and byte by byte; and each of these
/// arriving at once in several segments, or one segment after the other.
/// </summary>
internal static class SplitEverywhere
{
    /// <summary>
    /// Runs <paramref name="parse"/> on every arrival of <paramref name="input"/> and returns each result with a name for the message of an
    /// assertion.
    /// </summary>
    public static IEnumerable<(string How, TResult Result)> Run<TResult>(byte[] input, Func<Arrival, TResult> parse)
    {
        foreach ((string how, int[] cuts) in Cuts(input.Length))
        {
            yield return ($"{how}, at once", parse(new Arrival(input, cuts, arrivesAtOnce: true)));
            if (cuts.Length > 0)
            {
                yield return ($"{how}, one after the other", parse(new Arrival(input, cuts, arrivesAtOnce: false)));
            }
        }
    }

    private static IEnumerable<(string How, int[] Cuts)> Cuts(int length)
    {
        yield return ("whole", []);
        for (int offset = 1; offset < length; offset++)
        {
            yield return ($"cut at {offset}", [offset]);
        }

        if (length > 1)
        {
            yield return ("byte by byte", Enumerable.Range(1, length - 1).ToArray());
        }
    }
}
