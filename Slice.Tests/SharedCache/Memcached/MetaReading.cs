using System.Buffers;
using Slice.Net.SharedCache.Memcached;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>Reads bytes as the answer to <c>mg key v t f c k</c>, however they arrive.</summary>
internal static class MetaReading
{
    /// <summary>Longest value that is taken.</summary>
    public const int LongestValue = 1000;

    private const MetaFields Asked = MetaFields.Key | MetaFields.Remaining | MetaFields.ClientFlags | MetaFields.Cas;

    /// <summary>What was understood, in words: the answer and its value, <c>end</c>, or what is wrong.</summary>
    public static MetaReadingResult Read(Arrival arrival)
    {
        var reader = new MetaReader(new ArrivalStream(arrival));
        try
        {
            var line = Wait(reader.ReadLineAsync(CancellationToken.None));
            if (MetaAnswer.Parse(line.Span, "key"u8, Asked, out var answer) is { } problem)
            {
                return new MetaReadingResult(null, "", problem);
            }

            if (answer.Code != MetaCode.Value)
            {
                return new MetaReadingResult(answer, "", null);
            }

            if (answer.LengthBytes > LongestValue)
            {
                return new MetaReadingResult(null, "", "too long");
            }

            byte[] value = new byte[answer.LengthBytes];
            Wait(reader.ReadAsync(value, CancellationToken.None));
            Wait(reader.ReadValueEndAsync(CancellationToken.None));
            return new MetaReadingResult(answer, Wire.Text(value), null);
        }
        catch (MetaException exception)
        {
            return new MetaReadingResult(null, "", exception.Message);
        }
        catch (EndOfStreamException)
        {
            return new MetaReadingResult(null, "", "end");
        }
    }

    // Nothing is waited for: the stream has what there is.
    private static void Wait(ValueTask task)
    {
        Assert.True(task.IsCompleted);
        task.GetAwaiter().GetResult();
    }

    private static T Wait<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    private sealed class ArrivalStream(Arrival arrival) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!arrival.TryRead(out var shown))
            {
                return ValueTask.FromResult(0);
            }

            // A socket gives what has arrived, and the rest the next time.
            var taken = shown.Slice(0, Math.Min(shown.Length, buffer.Length));
            taken.CopyTo(buffer.Span);
            arrival.AdvanceTo(taken.End, taken.End);
            return ValueTask.FromResult((int)taken.Length);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <summary>What was understood of an answer.</summary>
internal sealed record MetaReadingResult(MetaAnswer? Answer, string Value, string? Problem);
