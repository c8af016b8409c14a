using System.Text;
using System.Threading.Channels;
using Slice.Core.Fetching;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>How the bytes of a body come to where they go: few at a time from an origin that pauses, many from one that does not.</summary>
public sealed class PartReaderTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new();
    private readonly FakeOriginResponse _response = new(206, "Content-Length: 12");
    private readonly RecordingTarget _target = new();

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Bytes_that_are_there_already_are_taken_together()
    {
        _response.Send("abcd").Send("efgh").Send("ijkl").End();

        Assert.False((await ReadAsync(bytes: 12)).IsError);

        Assert.Equal(["abcdefghijkl"], _target.Taken);
    }

    [Fact]
    public async Task Bytes_before_a_pause_of_the_origin_are_taken_in_the_pause()
    {
        _response.Send("abcd").Send("ef");
        var reading = ReadAsync(bytes: 12);

        Assert.Equal("abcdef", await _target.NextAsync());
        Assert.False(reading.IsCompleted);
        _response.Send("g");
        Assert.Equal("g", await _target.NextAsync());
        _response.Send("hijkl").End();

        Assert.False((await reading).IsError);
        Assert.Equal(["abcdef", "g", "hijkl"], _target.Taken);
    }

    [Fact]
    public async Task Memory_that_is_full_is_taken_and_used_again()
    {
        _target.MemoryBytes = 5;
        _response.Send("abcdefgh").Send("ijkl").End();

        Assert.False((await ReadAsync(bytes: 12)).IsError);

        Assert.Equal(["abcde", "fghij", "kl"], _target.Taken);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bytes_before_the_end_of_a_cut_body_are_taken(bool isBroken)
    {
        _response.Send("abcd").Send("ef");
        _ = isBroken ? _response.Break(FetchError.HttpResponseTimeout) : _response.End();

        var failure = await ReadAsync(bytes: 12);

        Assert.Equal(isBroken ? FetchError.HttpResponseTimeout : FetchError.HttpResponseIncomplete, failure.Error);
        Assert.Equal(["abcdef"], _target.Taken);
    }

    // The memory goes back to its pool when the part ends: a read that is under way would write into the memory of somebody else.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_that_is_under_way_has_ended_before_the_memory_of_a_target_that_refuses_goes_back(bool isThrown)
    {
        _target.Refusal = isThrown ? null : new Failure(FetchError.StoreWriteError);
        _target.Fault = isThrown ? new InvalidOperationException("a fault of the target") : null;
        _response.Send("abcd");
        var reading = ReadAsync(bytes: 12);

        if (isThrown)
        {
            Assert.Same(_target.Fault, await Assert.ThrowsAsync<InvalidOperationException>(() => reading));
        }
        else
        {
            Assert.Equal(FetchError.StoreWriteError, (await reading).Error);
        }

        Assert.True(_target.HasEnded);
        Assert.False(_response.IsBeingRead);
    }

    private Task<Failure> ReadAsync(long bytes) =>
        new PartReader(new GatedOrigin(_bed.Gate, _bed.Time, _bed.Meter), _bed.Time, _bed.Meter).ReadBodyAsync(_target, _response, bytes);

    private sealed class RecordingTarget : IPartTarget
    {
        private readonly Channel<string> _added = Channel.CreateUnbounded<string>();
        private byte[]? _memory;

        public int MemoryBytes { get; set; } = 64;

        public Failure? Refusal { get; set; }

        public Exception? Fault { get; set; }

        public List<string> Taken { get; } = [];

        public bool HasEnded { get; private set; }

        public int TakenBytes => Taken.Sum(static text => text.Length);

        public Memory<byte> Memory => _memory ??= new byte[MemoryBytes];

        public CancellationToken Abandoned => CancellationToken.None;

        public CancellationToken Wanted => CancellationToken.None;

        public Task<string> NextAsync() => _added.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();

        public bool TryAwait() => true;

        public FetchContext NextToAsk(FetchContext current) => current;

        public bool TryRead() => true;

        public ValueTask<Failure> PrepareAsync() => new(Failure.None);

        public ValueTask<Failure> TakeAsync(int startBytes, int bytes)
        {
            if (Fault is not null)
            {
                throw Fault;
            }

            if (Refusal is { } refusal)
            {
                return new(refusal);
            }

            Taken.Add(Encoding.Latin1.GetString(Memory.Span.Slice(startBytes, bytes)));
            Assert.True(_added.Writer.TryWrite(Taken[^1]));
            return new(Failure.None);
        }

        public void Keep(PermittedResponse whole) => Assert.Fail("nothing was asked for");

        public void EndPart() => HasEnded = true;
    }
}
