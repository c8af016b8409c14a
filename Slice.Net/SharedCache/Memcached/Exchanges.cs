namespace Slice.Net.SharedCache.Memcached;

/// <summary>Requests with their answers to the end. Pure but for the connection.</summary>
internal static class Exchanges
{
    // An answer to "stats" has some 80 lines.
    private const int MostStatistics = 1000;

    /// <summary>Longest counter: 2^64 − 1, with as many spaces behind as it was longer before.</summary>
    public const int LongestCounter = 20;

    /// <summary>Stores or removes something; returns what has become of it.</summary>
    public static async ValueTask<MetaCode> ChangeAsync(MemcachedConnection connection, MetaRequest request, CancellationToken ct)
    {
        var answer = await connection.AskAsync(request, ct);
        return answer.Code is MetaCode.Done or MetaCode.NotStored or MetaCode.NotFound or MetaCode.Exists
            ? answer.Code
            : throw Unasked();
    }

    /// <summary>Reads a value, or the head of one; null when there is none, or it is none of ours.</summary>
    public static async ValueTask<FetchedItem?> FetchAsync(MemcachedConnection connection, MetaRequest request, CancellationToken ct)
    {
        var answer = await connection.AskAsync(request, ct);
        if (answer.Code == MetaCode.Miss)
        {
            return null;
        }

        Expect(answer.Code == MetaCode.Value);
        if (answer.LengthBytes > request.LongestAnswer)
        {
            throw new MetaException(
                $"a value of {answer.LengthBytes} bytes, more than the {request.LongestAnswer} of an item that are configured here");
        }

        switch (answer.ClientFlags)
        {
            case SplitLayout.WholeFlags:
                var bytes = await ReadAsync(connection, answer.LengthBytes, answer.LengthBytes, ct);
                return new FetchedItem(bytes, answer.RemainingSeconds, answer.Cas, null, default);
            case SplitLayout.HeadFlags when answer.LengthBytes > SplitLayout.PreambleBytes:
                return await FetchHeadAsync(connection, answer, ct);
            default:
                connection.Abandon();
                return null;
        }
    }

    /// <summary>
    /// Reads a part to where it goes; returns its remaining seconds, or null when it is not there, or one of another version.
    /// </summary>
    public static async ValueTask<int?> FetchPartAsync(MemcachedConnection connection, MetaRequest request, CancellationToken ct)
    {
        var answer = await connection.AskAsync(request, ct);
        if (answer.Code == MetaCode.Miss)
        {
            return null;
        }

        Expect(answer.Code == MetaCode.Value);
        if (answer.ClientFlags != SplitLayout.PartFlags || answer.LengthBytes != request.Target.Length + SplitLayout.DigestBytes)
        {
            connection.Abandon();
            return null;
        }

        byte[] digest = new byte[SplitLayout.DigestBytes];
        await connection.ReadAsync(digest, ct);
        await connection.ReadAsync(request.Target, ct);
        await connection.ReadValueEndAsync(ct);
        return digest.AsSpan().SequenceEqual(request.Lead.Span) ? answer.RemainingSeconds : null;
    }

    /// <summary>Reads a counter, or counts it up; null when there is none.</summary>
    public static async ValueTask<long?> CountAsync(MemcachedConnection connection, MetaRequest request, CancellationToken ct)
    {
        var answer = await connection.AskAsync(request, ct);
        if (answer.Code == MetaCode.Miss)
        {
            return null;
        }

        Expect(answer.Code == MetaCode.Value);
        if (answer.LengthBytes > LongestCounter)
        {
            throw NoCounter();
        }

        byte[] digits = new byte[answer.LengthBytes];
        await connection.ReadAsync(digits, ct);
        await connection.ReadValueEndAsync(ct);
        return MetaAnswer.TryReadNumber(digits.AsSpan().TrimEnd((byte)' '), out ulong number) && number <= long.MaxValue
            ? (long)number
            : throw NoCounter();
    }

    /// <summary>Reads the numbers of a server.</summary>
    public static async ValueTask<NodeStatistics> DescribeAsync(MemcachedConnection connection, MetaRequest request, CancellationToken ct)
    {
        await connection.SendAsync(request, ct);
        var statistics = new NodeStatistics();
        for (int count = 0; count < MostStatistics; count++)
        {
            var line = await connection.ReadLineAsync(ct);
            if (line.Span.SequenceEqual("END"u8))
            {
                return statistics;
            }

            Expect(statistics.TryAdd(line.Span));
        }

        throw new MetaException("statistics without an end");
    }

    private static async ValueTask<FetchedItem?> FetchHeadAsync(MemcachedConnection connection, MetaAnswer answer, CancellationToken ct)
    {
        byte[] preamble = new byte[SplitLayout.PreambleBytes];
        await connection.ReadAsync(preamble, ct);
        if (!SplitLayout.TryRead(preamble, answer.LengthBytes, out var layout))
        {
            connection.Abandon();
            return null;
        }

        var bytes = await ReadAsync(connection, layout.TotalBytes, layout.PieceBytes, ct);
        return new FetchedItem(bytes, answer.RemainingSeconds, answer.Cas, layout, preamble.AsMemory(^SplitLayout.DigestBytes));
    }

    private static async ValueTask<PooledBytes> ReadAsync(MemcachedConnection connection, int totalBytes, int count, CancellationToken ct)
    {
        var bytes = new PooledBytes(totalBytes);
        try
        {
            await connection.ReadAsync(bytes.Memory[..count], ct);
            await connection.ReadValueEndAsync(ct);
            return bytes;
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    private static void Expect(bool isExpected)
    {
        if (!isExpected)
        {
            throw Unasked();
        }
    }

    private static MetaException Unasked() => new("an answer to something else");

    private static MetaException NoCounter() => new("a counter that is no number of 63 bits");
}
