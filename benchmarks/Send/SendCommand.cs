using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Slice.Benchmarks.Send;

/// <summary>The verb <c>send</c>: the least that sending a file costs by each way that the kernel offers.</summary>
internal static unsafe partial class SendCommand
{
    private const short PollOut = 4;
    private const short PollError = 8;
    private const int PollTimeoutMs = 10_000;

    /// <summary>
    /// Listens at <c>--listen ADDRESS:PORT</c>, and when there are <c>--connections</c> sends to each <c>--bytes</c> of <c>--file</c>,
    /// over and over, in pieces of <c>--piece</c>, by <c>--method mapping|sendfile|zerocopy</c>, from one thread. Prints one line, with
    /// tabs between: CPU seconds per GiB, GiB per second, KiB per system call, and the share of MSG_ZEROCOPY that was copied.
    /// </summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        var listen = IPEndPoint.Parse(arguments.Required("--listen"));
        int connections = (int)arguments.Number("--connections", 1);
        long bytes = arguments.Number("--bytes", 1L << 30);
        long piece = arguments.Number("--piece", 1 << 20);
        string path = arguments.Required("--file");
        var method = arguments.Required("--method") switch
        {
            "mapping" => SendMethod.Mapping,
            "sendfile" => SendMethod.SendFile,
            "zerocopy" => SendMethod.ZeroCopy,
            var other => throw new ArgumentException($"--method: '{other}' is none of mapping, sendfile, zerocopy"),
        };
        arguments.RefuseUnknown();

        using var file = File.OpenHandle(path);
        long length = RandomAccess.GetLength(file);
        using var mapped = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, true);
        using var view = mapped.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* mapping = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref mapping);
        Touch(mapping, length);

        SendingSocket[] sockets = Accept(listen, connections, method);
        var process = Process.GetCurrentProcess();
        var cpuBefore = process.TotalProcessorTime;
        long startedAt = Stopwatch.GetTimestamp();
        SendAll(sockets, mapping, (int)file.DangerousGetHandle(), length, bytes, piece);
        double seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        process.Refresh();
        double cpu = (process.TotalProcessorTime - cpuBefore).TotalSeconds;
        Array.ForEach(sockets, static socket => socket.Dispose());

        double gib = (double)bytes * connections / (1 << 30);
        long sends = sockets.Sum(static socket => socket.Sends);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{cpu / gib:F4}\t{gib / seconds:F3}\t{(double)bytes * connections / sends / 1024:F0}\t{
                (double)sockets.Sum(static socket => socket.Copied) / sends:F3}"));
        return 0;
    }

    // What a first touch costs is no part of sending.
    private static void Touch(byte* mapping, long length)
    {
        long sum = 0;
        for (long offset = 0; offset < length; offset += 4096)
        {
            sum += mapping[offset];
        }

        GC.KeepAlive(sum);
    }

    private static SendingSocket[] Accept(IPEndPoint listen, int connections, SendMethod method)
    {
        using var listener = new Socket(listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(listen);
        listener.Listen(connections);
        return [.. Enumerable.Range(0, connections).Select(_ => new SendingSocket(listener.Accept(), method))];
    }

    private static void SendAll(SendingSocket[] sockets, byte* mapping, int file, long length, long bytes, long piece)
    {
        long[] sent = new long[sockets.Length];
        var waits = new PollWait[sockets.Length];
        for (int index = 0; index < sockets.Length; index++)
        {
            waits[index] = new PollWait { Descriptor = sockets[index].Descriptor, Events = PollOut };
        }

        int open = sockets.Length;
        while (open > 0)
        {
            fixed (PollWait* first = waits)
            {
                if (Poll(first, (nuint)waits.Length, PollTimeoutMs) <= 0)
                {
                    throw new IOException($"no connection takes anything within {PollTimeoutMs / 1000} s");
                }
            }

            for (int index = 0; index < sockets.Length; index++)
            {
                ref var wait = ref waits[index];
                if ((wait.Found & PollError) != 0)
                {
                    sockets[index].TakeWord();
                }

                if ((wait.Found & PollOut) != 0 && sent[index] < bytes)
                {
                    // As our delivery does: one slice, then the turn is another connection's.
                    long offset = sent[index] % length;
                    long count = Math.Min(Math.Min(piece, length - offset), bytes - sent[index]);
                    sent[index] += sockets[index].Send(mapping, file, offset, count);
                }

                if (sent[index] == bytes && wait.Descriptor >= 0)
                {
                    wait.Events = 0;
                    if (sockets[index].Outstanding == 0)
                    {
                        // poll(2) passes over a descriptor below zero.
                        wait.Descriptor = -1;
                        wait.Found = 0;
                        open--;
                    }
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollWait* waits, nuint count, int timeoutMs);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollWait
    {
        public int Descriptor;
        public short Events;
        public short Found;
    }
}
