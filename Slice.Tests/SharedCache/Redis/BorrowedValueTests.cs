using System.Buffers;
using Slice.Net.SharedCache.Redis;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>The library is played by a reader that asks for the parts of a value one after the other, as it does when it writes.</summary>
public sealed class BorrowedValueTests
{
    private readonly TaskCompletionSource _operation = new();

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(100_000)]
    public void Value_is_read_as_it_is(int length)
    {
        byte[] bytes = Bytes(length);
        var value = new BorrowedValue(bytes);
        Assert.Equal(length, value.Bytes.Length);
        Assert.Equal(bytes, value.Bytes.ToArray());
        Assert.Equal(bytes, value.Bytes.ToArray());
    }

    [Fact]
    public void Value_that_was_taken_back_is_read_as_it_was()
    {
        byte[] bytes = Bytes(1000);
        var value = new BorrowedValue(bytes);
        value.TakeBack(_operation.Task);
        Array.Clear(bytes);
        Assert.Equal(Bytes(1000), value.Bytes.ToArray());
    }

    [Fact]
    public async Task Taking_back_waits_for_the_reader_of_the_first_part()
    {
        byte[] bytes = Bytes(1000);
        var value = new BorrowedValue(bytes);
        var parts = Parts(value);
        Assert.Equal(bytes[..^1], parts[0].Span.ToArray());

        var taking = Task.Run(() => value.TakeBack(_operation.Task), TestContext.Current.CancellationToken);
        Assert.False(taking.IsCompleted);
        Assert.Equal(bytes[^1..], parts[1].Span.ToArray());
        await Deadline.WithinAsync(taking, "the memory to come back");
    }

    [Fact]
    public async Task Reader_that_never_ends_is_waited_for_as_long_as_its_operation()
    {
        var value = new BorrowedValue(Bytes(1000));
        Assert.Equal(999, Parts(value)[0].Span.Length);
        var taking = Task.Run(() => value.TakeBack(_operation.Task), TestContext.Current.CancellationToken);
        Assert.False(taking.IsCompleted);
        _operation.SetResult();
        await Deadline.WithinAsync(taking, "the memory to come back");
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(index => (byte)(index * 7))];

    private static List<ReadOnlyMemory<byte>> Parts(BorrowedValue value)
    {
        List<ReadOnlyMemory<byte>> parts = [];
        foreach (var part in value.Bytes)
        {
            parts.Add(part);
        }

        return parts;
    }
}
