using System.IO.Pipes;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Slice.Net.AccessLog;
using Slice.Tests.Support;

namespace Slice.Tests.AccessLog;

/// <summary>Standard error, whose descriptor blocks: a reader that is slow must not hold up a reload or the end.</summary>
public sealed class StandardErrorTargetTests : IDisposable
{
    private readonly AnonymousPipeServerStream _reader = new(PipeDirection.In);
    private readonly AnonymousPipeClientStream _writer;
    private readonly StandardErrorTarget _target;

    public StandardErrorTargetTests()
    {
        _writer = new AnonymousPipeClientStream(PipeDirection.Out, _reader.ClientSafePipeHandle);
        _target = new StandardErrorTarget(new SafeFileHandle(_writer.SafePipeHandle.DangerousGetHandle(), ownsHandle: false));
    }

    public void Dispose()
    {
        _reader.Dispose();
        _target.Dispose();
        _writer.Dispose();
    }

    [Fact]
    public async Task Full_pipe_is_no_failure_and_no_endless_wait()
    {
        string lines = string.Concat(Enumerable.Range(0, 200).Select(line => line + new string('x', 1000) + "\n"));
        byte[] bytes = Encoding.ASCII.GetBytes(lines);

        int written = await WriteAsync(bytes);
        Assert.InRange(written, 4096, bytes.Length - 1);
        Assert.Equal((byte)'\n', bytes[written - 1]);
        Assert.Equal(0, await WriteAsync(bytes[written..]));

        byte[] read = new byte[bytes.Length];
        _reader.ReadExactly(read, 0, written);
        while (written < bytes.Length)
        {
            int more = await WriteAsync(bytes[written..]);
            _reader.ReadExactly(read, written, more);
            written += more;
        }

        Assert.Equal(lines, Encoding.ASCII.GetString(read));
    }

    private Task<int> WriteAsync(byte[] lines) => Deadline.WithinAsync(
        Task.Run(() =>
        {
            int written = _target.Write(lines, out string? problem);
            Assert.Null(problem);
            return written;
        }),
        "a write that ends");
}
